// A quick reader for the plain YAML that most manifests are, about twenty times as fast as the real one. It gives up on anything
// else and knows no places: whatever is not sound goes to the real parser, and a property test holds the two together.
import { plain } from './plain.ts';

interface Line {
  indent: number;
  content: string;
}

const MAX_LENGTH = 64 * 1024;
const MAX_DEPTH = 20;
/** YAML takes no key of more than 1024 characters without a mark. */
const MAX_KEY = 1000;
const ODD = /[^\n\x20-\x7e\u00a1-\u2027\u202a-\ud7ff]/;
const KEY = /^([A-Za-z_][A-Za-z0-9_-]*):(?: +|$)/;
const PLAIN = /^(?:[A-Za-z0-9_./$]|-(?=[A-Za-z0-9_-]))(?:[^ :#]|:(?=[^ ])|(?<=[^ ])#| (?!#))*/;
const FLOW_PLAIN =
  /(?:[A-Za-z0-9_./]|-(?=[A-Za-z0-9_-]))(?:[A-Za-z0-9_./*?+=@$~%^-]|:(?=[A-Za-z0-9/])| (?=[A-Za-z0-9_.]))*/y;
const FLOW_KEY = /([A-Za-z_][A-Za-z0-9_-]*): +/y;
const QUOTED = /'((?:[^']|'')*)'|"([^"\\]*)"/y;
const SPACES = / */y;
const TAIL = /^ *(?: #.*)?$/;

/** Thrown and caught in this file only. */
const GIVE_UP = Symbol('not simple');
const giveUp = (): never => {
  throw GIVE_UP;
};

/** @returns the same values that tree.ts makes; undefined where the text is anything but plain. */
export function readSimple(text: string): Record<string, unknown> | undefined {
  if (text.length > MAX_LENGTH || ODD.test(text)) return undefined;
  const lines: Line[] = [];
  for (const raw of text.split('\n')) {
    const content = raw.trimStart();
    if (content !== '' && !content.startsWith('#')) lines.push({ indent: raw.length - content.length, content });
  }
  if (lines[0]?.indent === 0 && lines[0].content === '---') lines.shift();
  if (lines[0]?.indent !== 0 || lines[0].content.startsWith('-')) return undefined;
  const cursor = { lines, at: 0 };
  try {
    const value = readMap(cursor, 0, 0);
    return cursor.at === lines.length ? value : undefined;
  } catch (thrown) {
    if (thrown === GIVE_UP) return undefined;
    throw thrown;
  }
}

interface Cursor {
  lines: Line[];
  at: number;
}

const isItem = (line: Line | undefined) => line?.content.startsWith('- ') === true;

function readMap(cursor: Cursor, indent: number, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = Object.create(null);
  if (depth > MAX_DEPTH) giveUp();
  for (
    let line = cursor.lines[cursor.at];
    line !== undefined && line.indent >= indent;
    line = cursor.lines[cursor.at]
  ) {
    const found = KEY.exec(line.content);
    if (found === null || line.indent !== indent) return giveUp();
    const [whole, key = ''] = found;
    addKey(object, key);
    const rest = line.content.slice(whole.length);
    cursor.at++;
    object[key] = rest === '' || rest.startsWith('#') ? readBelow(cursor, indent, depth) : readInline(rest, depth);
  }
  return object;
}

function addKey(object: Record<string, unknown>, key: string): void {
  if (key.length > MAX_KEY || key in object || key === '__proto__' || /^null$/i.test(key)) giveUp();
}

/** The block under a key, which may be a list at the key's own indent. */
function readBelow(cursor: Cursor, indent: number, depth: number): unknown {
  const next = cursor.lines[cursor.at];
  if (next === undefined || next.indent < indent) return undefined;
  if (isItem(next)) return readList(cursor, next.indent, depth + 1);
  return next.indent > indent ? readMap(cursor, next.indent, depth + 1) : undefined;
}

function readList(cursor: Cursor, indent: number, depth: number): unknown[] {
  const list: unknown[] = [];
  if (depth > MAX_DEPTH) giveUp();
  for (
    let line = cursor.lines[cursor.at];
    line !== undefined && line.indent >= indent;
    line = cursor.lines[cursor.at]
  ) {
    if (line.indent > indent) giveUp();
    if (!isItem(line)) break;
    const content = line.content.slice(1).trimStart();
    if (KEY.test(content)) {
      const inner = indent + line.content.length - content.length;
      cursor.lines[cursor.at] = { indent: inner, content };
      list.push(readMap(cursor, inner, depth + 1));
    } else {
      cursor.at++;
      list.push(readInline(content, depth));
    }
  }
  return list;
}

/** A value on its key's line, with nothing but a comment behind it. */
function readInline(text: string, depth: number): unknown {
  const first = text[0];
  if (first === '[' || first === '{' || first === "'" || first === '"') {
    const scan = { text, at: 0 };
    const value = readFlow(scan, depth);
    return TAIL.test(text.slice(scan.at)) ? value : giveUp();
  }
  const word = PLAIN.exec(text)?.[0] ?? giveUp();
  return TAIL.test(text.slice(word.length)) ? resolve(word.trimEnd()) : giveUp();
}

interface Scan {
  text: string;
  at: number;
}

function take(scan: Scan, form: RegExp): RegExpExecArray | null {
  form.lastIndex = scan.at;
  const found = form.exec(scan.text);
  if (found !== null) scan.at += found[0].length;
  return found;
}

function readFlow(scan: Scan, depth: number): unknown {
  if (depth > MAX_DEPTH) giveUp();
  const open = scan.text[scan.at];
  if (open === '[' || open === '{') return readCollection(scan, open, depth);
  const quoted = take(scan, QUOTED);
  if (quoted !== null) return quoted[2] ?? (quoted[1] ?? '').replaceAll("''", "'");
  return resolve(take(scan, FLOW_PLAIN)?.[0] ?? giveUp());
}

function readCollection(scan: Scan, open: string, depth: number): unknown {
  const close = open === '[' ? ']' : '}';
  const list: unknown[] = [];
  const object: Record<string, unknown> = Object.create(null);
  scan.at++;
  take(scan, SPACES);
  while (scan.text[scan.at] !== close) {
    const key = open === '{' ? (take(scan, FLOW_KEY)?.[1] ?? giveUp()) : undefined;
    if (key !== undefined) addKey(object, key);
    const value = readFlow(scan, depth + 1);
    if (key === undefined) list.push(value);
    else object[key] = value;
    take(scan, SPACES);
    if (scan.text[scan.at] === close) break;
    if (scan.text[scan.at] !== ',') giveUp();
    scan.at++;
    if (take(scan, SPACES)?.[0] === '') giveUp();
    if (scan.text[scan.at] === close) giveUp();
  }
  scan.at++;
  return open === '[' ? list : object;
}

/** YAML 1.2's core schema, without its rarer numbers. */
function resolve(word: string): unknown {
  if (/^(?:null|Null|NULL)$/.test(word)) return undefined;
  if (/^(?:true|True|TRUE)$/.test(word)) return plain(word, true);
  if (/^(?:false|False|FALSE)$/.test(word)) return plain(word, false);
  if (/^-?[0-9]{1,15}$/.test(word)) return plain(word, Number.parseInt(word, 10));
  if (/^-?[0-9]{1,15}\.[0-9]{1,15}$/.test(word)) return plain(word, Number(word));
  // Left to the parser: hexadecimal, octal, exponents, infinity.
  return /^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?$|^0[ox]|^-?\.(?:inf|nan)$/i.test(word) ? giveUp() : word;
}
