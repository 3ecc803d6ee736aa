// Secrets in output: which values they are, and a streaming filter that replaces each form of them, and user info of any URL, by ***.
import { userInfoReader } from './user-info.ts';

const SECRET_KEY = /PASS|SECRET|TOKEN|KEY|CREDENTIAL|DSN/i;
const USER_INFO = /[a-z][a-z0-9+.-]*:\/\/([^\s/?#"'@]*(?:@[^\s/?#"'@]*)*)@/gi;
/** Shorter ones are no secrets: they would be found everywhere. */
const SHORTEST = 6;
const MASK = '***';
/** So much of a secret before a line break: the rest is looked for after it. Less would hold back the end of too many lines. */
const FOLDED = 3;
const LINE_FEED = 10;
const RETURN = 13;
const ESCAPE = 27;
/** A longer one drives no terminal. */
const LONGEST_SEQUENCE = 64;

/** Whether a variable of that name probably holds a secret. */
export const soundsSecret = (name: string): boolean => SECRET_KEY.test(name);

/** Values that must not be shown: of keys that sound like secrets, and user info of URLs in any value; six characters or more. */
export function secretsOf(env: Readonly<Record<string, string>>): string[] {
  const found = new Set<string>();
  const add = (text: string) => {
    if (text.length >= SHORTEST) found.add(text);
  };
  for (const [key, value] of Object.entries(env)) {
    if (SECRET_KEY.test(key)) add(value);
    for (const [, info = ''] of value.matchAll(USER_INFO)) {
      const colon = info.indexOf(':');
      const password = colon < 0 ? info : info.slice(colon + 1);
      for (const text of [info, password]) {
        add(text);
        add(decoded(text));
      }
    }
  }
  return [...found];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** base64 of the bytes where they start 0, 1 or 2 bytes into a group, as inside a longer text; only the characters that they alone decide. */
function base64Forms(bytes: Uint8Array): string[] {
  const plain = Buffer.from(bytes).toString('base64');
  const forms = [plain, plain.replaceAll('=', '')];
  for (const offset of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const whole = (offset + bytes.length) % 3 === 0;
    forms.push(padded.slice([0, 2, 3][offset], whole ? undefined : -1));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

function urlForms(text: string): string[] {
  // A lone surrogate cannot be URL-encoded.
  const encoded = encodeURIComponent(text.toWellFormed());
  const strict = encoded.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const forms = [encoded, strict, strict.replaceAll('%20', '+'), encodeURI(text.toWellFormed())];
  return forms.flatMap((form) => [form, form.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase())]);
}

const ANSI_C: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** As shells quote it, in `set -x`, `declare -p` and `printf %q`, where the locale has its characters and where it does not. */
function shellForms(text: string): string[] {
  const ansi = text.replace(/[\\'\n\r\t]/g, (char) => ANSI_C[char] ?? char);
  const octal = ansi.replace(/[^\0-\x7f]+/g, (chars) =>
    [...Buffer.from(chars)].map((byte) => `\\${byte.toString(8)}`).join(''),
  );
  const double = text.replace(/["\\$`]/g, '\\$&');
  return [
    text.replaceAll("'", "'\\''"),
    text.replace(/[ \t!"$&'()*,;<>?[\\\]^`{|}]/g, '\\$&').replace(/^[~#]/, '\\$&'),
    double,
    ansi,
    octal,
  ];
}

/** Every text that gives the secret away. */
function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/);
  const texts = [secret, ...(lines.length > 1 ? [...lines, ...lines.map((line) => line.trim())] : [])];
  return texts
    .filter((text) => text.length >= SHORTEST)
    .flatMap((text) => [
      text,
      JSON.stringify(text).slice(1, -1),
      ...shellForms(text),
      ...base64Forms(Buffer.from(text)),
      ...urlForms(text),
    ])
    .filter((form) => form.length >= SHORTEST);
}

interface Node {
  next: Map<number, Node>;
  /** Where to go on when the text does not. */
  fail: Node | undefined;
  /** Length of the text that leads here. */
  depth: number;
  /** Length of the longest pattern that ends here; 0 for none. */
  match: number;
}

/** Aho and Corasick's automaton (CACM 18, 1975): all patterns in one pass, whatever their number. */
function automaton(patterns: Iterable<string>): Node {
  const root: Node = { next: new Map(), fail: undefined, depth: 0, match: 0 };
  for (const pattern of patterns) {
    let node = root;
    for (let i = 0; i < pattern.length; i += 1) {
      const code = pattern.charCodeAt(i);
      let child = node.next.get(code);
      if (child === undefined) {
        child = { next: new Map(), fail: root, depth: i + 1, match: 0 };
        node.next.set(code, child);
      }
      node = child;
    }
    node.match = pattern.length;
  }
  const queue = [...root.next.values()];
  for (const node of queue) {
    for (const [code, child] of node.next) {
      let at = node.fail;
      while (at !== undefined && !at.next.has(code)) at = at.fail;
      child.fail = at?.next.get(code) ?? root;
      child.match = Math.max(child.match, child.fail.match);
      queue.push(child);
    }
  }
  return root;
}

export interface Masker {
  /** @returns what can be shown already: all but the end that may be the beginning of a secret. */
  push(chunk: Uint8Array | string): string;
  /** What was held back. The masker can be used again afterwards. */
  flush(): string;
}

/** A filter for one stream. Secrets, and user info of URLs, are found across chunks; overlapping and touching ones become one `***`. */
export function makeMasker(secrets: readonly string[]): Masker {
  let known = built.get(secrets);
  if (known?.count !== secrets.length) {
    known = { root: automaton(secrets.flatMap(formsOf)), count: secrets.length };
    built.set(secrets, known);
  }
  return maskerOf(known.root);
}

/** One for all streams of all commands that are given the same list. */
const built = new WeakMap<readonly string[], { root: Node; count: number }>();

type Hit = [start: number, end: number];

function maskerOf(root: Node): Masker {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let node = root;
  let held = '';
  /** Secrets found in what is held, as it may be the beginning of a longer one. */
  let hits: Hit[] = [];
  /** What was shown last is ***, so that a hit at the beginning of what is held needs none. */
  let open = false;
  /** Places that were passed over, line breaks and escape sequences: what is folded, as base64 is, or coloured is still the secret. */
  let folds: number[] = [];
  /** How much of an escape sequence was just passed over; 0 outside of one. */
  let sequence = 0;
  const url = userInfoReader(SHORTEST);

  /** Where the last `length` characters before `end` begin, without the folds. */
  const startOf = (length: number, end: number): number => {
    let start = end - length;
    for (let at = folds.length - 1; (folds[at] ?? -1) >= start; at -= 1) start -= 1;
    return start;
  };
  const scan = (all: string): void => {
    for (let i = held.length; i < all.length; i += 1) {
      const code = all.charCodeAt(i);
      const info = url.next(code, i);
      if (info !== undefined) addHit(hits, info, i);
      if (sequence > 0) {
        folds.push(i);
        sequence = goesOn(sequence, code) ? sequence + 1 : 0;
        continue;
      }
      const before = node;
      let to = node.next.get(code);
      while (to === undefined && node.fail !== undefined) {
        node = node.fail;
        to = node.next.get(code);
      }
      if (to === undefined && before.depth >= FOLDED && (code === LINE_FEED || code === RETURN)) {
        node = before;
        folds.push(i);
      }
      if (to === undefined && before.depth > 0 && code === ESCAPE) {
        node = before;
        folds.push(i);
        sequence = 1;
      }
      if (to === undefined) continue;
      node = to;
      if (node.match > 0) addHit(hits, startOf(node.match, i + 1), i + 1);
    }
  };
  const feed = (text: string, last: boolean): string => {
    const all = held + text;
    scan(all);
    const cut = last ? all.length : Math.min(startOf(node.depth, all.length), url.from ?? all.length);
    let out = '';
    let at = 0;
    const ahead: Hit[] = [];
    let cutOpen = cut === 0 && open;
    for (const [start, end] of hits) {
      if (start < cut) {
        out += all.slice(at, start) + (open && start === 0 ? '' : MASK);
        at = Math.min(end, cut);
        cutOpen = end >= cut;
      }
      if (end > cut) ahead.push([Math.max(0, start - cut), end - cut]);
    }
    out += all.slice(at, cut);
    held = all.slice(cut);
    folds = folds.filter((at) => at >= cut).map((at) => at - cut);
    hits = ahead;
    open = cutOpen;
    url.shift(cut);
    if (last) {
      url.end();
      sequence = 0;
      node = root;
      open = false;
    }
    return out;
  };
  return {
    push: (chunk) => feed(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }), false),
    flush: () => feed(decoder.decode(), true),
  };
}

/** Whether an escape sequence is not over with this character: ECMA-48, 5.4, is `ESC [`, parameters, and one of `@` to `~`. */
const goesOn = (length: number, code: number): boolean =>
  length === 1 ? code === 0x5b : length < LONGEST_SEQUENCE && code >= 0x20 && code < 0x40;

/** Adds a hit that ends last, joined with those that it touches. */
function addHit(hits: Hit[], start: number, end: number): void {
  let from = start;
  for (let top = hits.at(-1); top !== undefined && top[1] >= from; top = hits.at(-1)) {
    from = Math.min(from, top[0]);
    hits.pop();
  }
  hits.push([from, end]);
}

/** Masks a whole text. */
export function maskText(text: string, secrets: readonly string[]): string {
  const masker = makeMasker(secrets);
  return masker.push(text) + masker.flush();
}
