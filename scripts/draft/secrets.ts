// Secrets that are written into a compose file itself: where, and under which name. Their values go nowhere.
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar } from 'yaml';
import { soundsSecret } from '../host/mask.ts';

export interface FoundSecret {
  /** From 1. */
  line: number;
  name: string;
}

const SHORTEST = 6;
/** Keys below which there are names of files, volumes and so on, and no values. */
const NAMES_ONLY = new Set(['secrets', 'configs', 'volumes', 'networks', 'env_file']);
/** Names that end so hold a place, not the secret itself. */
const A_PLACE = /_(?:FILE|PATH|DIR|URL|HOST|PORT|USER|NAME|ID)$/i;
const USER_INFO = /[a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*:([^\s/?#@]+)@/i;
const OPTION = /^--?([A-Za-z][\w-]*?(?:pass|password|secret|token|key)[\w-]*)(?:=(.*))?$/i;
const HASHED = /\$\$?(?:apr1|2[aby]|5|6)\$/;

/** @param text of one compose file; what does not parse has no secrets that could be named. */
export function secretsIn(text: string): FoundSecret[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, merge: true, logLevel: 'silent', prettyErrors: false });
  if (document.errors.length > 0) return [];
  const found: FoundSecret[] = [];
  const say = (node: Scalar, name: string) =>
    void found.push({ name, line: counter.linePos(node.range?.[0] ?? 0).line });
  const walk = (node: unknown, path: readonly string[]): void => {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        const name = String(isScalar(key) ? key.value : key);
        if (!NAMES_ONLY.has(name)) walk(value, [...path, name]);
      }
    } else if (isSeq(node)) walkList(node.items as Node[], path);
    else if (isScalar(node)) look(node, path.at(-1) ?? '', String(node.value ?? ''));
  };
  const walkList = (items: readonly Node[], path: readonly string[]): void => {
    for (const [at, item] of items.entries()) {
      const word = isScalar(item) ? String(item.value ?? '') : undefined;
      if (word === undefined || !isScalar(item)) walk(item, path);
      else if (path.at(-1) === 'environment' || path.at(-1) === 'labels' || path.at(-1) === 'args') {
        const [name = '', ...value] = word.split('=');
        look(item, name, value.join('='));
      } else {
        const option = OPTION.exec(word);
        const next = items[at + 1];
        const value = option?.[2] ?? (isScalar(next) ? String(next.value ?? '') : '');
        if (option !== null && isSecret(value)) say(item, option[1] ?? word);
        else look(item, path.at(-1) ?? '', word);
      }
    }
  };
  const look = (node: Scalar, name: string, value: string): void => {
    const info = USER_INFO.exec(value)?.[1];
    if (info !== undefined && isSecret(info)) say(node, name);
    else if (HASHED.test(value)) say(node, name);
    else if (soundsSecret(name) && !A_PLACE.test(name) && isSecret(value)) say(node, name);
    else {
      const words = value.split(/\s+/);
      const at = words.findIndex((word) => OPTION.test(word));
      const option = OPTION.exec(words[at] ?? '');
      if (option !== null && isSecret(option[2] ?? words[at + 1] ?? '')) say(node, option[1] ?? name);
    }
  };
  walk(document.contents, []);
  return found;
}

/** A literal, and long enough to be one: not a variable, a path or a switch. The default of a variable is one, too. */
function isSecret(value: string): boolean {
  const fallback = /^\$\{\w+:?-([^{}]+)\}$/.exec(value)?.[1];
  if (fallback !== undefined) return isSecret(fallback);
  const stands = value.includes('${') || /^\$[A-Za-z_]/.test(value) || value.startsWith('/');
  return value.length >= SHORTEST && !stands && !/^(?:true|false|null|\d+)$/.test(value);
}
