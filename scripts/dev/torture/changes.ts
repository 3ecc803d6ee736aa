// What can become of a file: each bit of it flipped, each length of it, and the ways in which hands, editors and disks change one.

/** Bits and lengths. */
export const exactChanges = (bytes: Uint8Array): number => bytes.length * 9;

/** @param at below exactChanges(bytes). @returns another content, never the same one. */
export function exactChange(bytes: Uint8Array, at: number): Uint8Array {
  if (at >= bytes.length * 8) return new Uint8Array(bytes).subarray(0, at - bytes.length * 8);
  const changed = new Uint8Array(bytes);
  changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
  return changed;
}

/** Pieces that mean something to one reader or another. */
const PIECES = [
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  '  ',
  ': ',
  '- ',
  '=',
  '"',
  "'",
  '`',
  '\\',
  '\\n',
  '$(id)',
  '${HOME}',
  '$HOME',
  '#',
  '# note',
  '&a ',
  '*a',
  '<<: *a',
  '!!js/function ',
  '!!binary ',
  '|',
  '>-',
  '{',
  '}',
  '[',
  ']',
  ',',
  'null',
  'true',
  '-1',
  '1e999',
  '9007199254740993',
  '"__proto__": {},',
  '__proto__: 1\n',
  '__proto__=1\n',
  'constructor: x\n',
  '"sum": "0", ',
  '\u202e',
  '\u{1f600}',
  '\ufeff',
  '../../etc/passwd',
  '-x',
  '/etc/passwd',
  'a'.repeat(4096),
  '[[[[[[[[[[[[[[[[[[[[',
  '2026-05-18T15:29:00Z ticket=1 phase=verify event=released sum=00000000\n',
  'RELEASE_STATUS=released\n',
];

type Random = (below: number) => number;

const splice = (bytes: Uint8Array, from: number, to: number, put: Uint8Array): Uint8Array =>
  Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)]);

function lineAt(bytes: Uint8Array, random: Random): [from: number, to: number] {
  const at = random(bytes.length);
  const end = bytes.indexOf(10, at);
  return [bytes.lastIndexOf(10, Math.max(0, at - 1)) + 1, end < 0 ? bytes.length : end + 1];
}

const ONE: ReadonlyArray<(bytes: Uint8Array, random: Random) => Uint8Array> = [
  (bytes, random) => exactChange(bytes, random(exactChanges(bytes))),
  (bytes, random) => {
    const changed = new Uint8Array(bytes);
    changed[random(bytes.length)] = random(256);
    return changed;
  },
  (bytes, random) => {
    const at = random(bytes.length + 1);
    return splice(bytes, at, at, Buffer.from(PIECES[random(PIECES.length)] ?? ''));
  },
  (bytes, random) => {
    const at = random(bytes.length);
    return splice(bytes, at, at + 1 + random(20), Buffer.from(PIECES[random(PIECES.length)] ?? ''));
  },
  // A part goes, as with a lost block.
  (bytes, random) => {
    const at = random(bytes.length);
    return splice(bytes, at, at + random(600), new Uint8Array());
  },
  (bytes, random) => {
    const at = random(bytes.length);
    const length = Math.min(bytes.length - at, 1 + random(512));
    return splice(bytes, at, at + length, new Uint8Array(length));
  },
  // Lines: doubled, taken out, moved.
  (bytes, random) => {
    const [from, to] = lineAt(bytes, random);
    return splice(bytes, from, from, bytes.subarray(from, to));
  },
  (bytes, random) => {
    const [from, to] = lineAt(bytes, random);
    return splice(bytes, from, to, new Uint8Array());
  },
  (bytes, random) => {
    const [from, to] = lineAt(bytes, random);
    const rest = splice(bytes, from, to, new Uint8Array());
    const [at] = rest.length === 0 ? [0] : lineAt(rest, random);
    return splice(rest, at, at, bytes.subarray(from, to));
  },
];

/** One to four changes, or now and then something else altogether. */
export function randomChange(bytes: Uint8Array, random: Random): Uint8Array {
  if (random(20) === 0) return Uint8Array.from({ length: random(400) }, () => random(256));
  if (random(20) === 0)
    return Buffer.from(Array.from({ length: random(40) }, () => PIECES[random(PIECES.length)]).join(''));
  let changed = bytes;
  for (let times = 1 + random(4); times > 0 && changed.length > 0; times -= 1)
    changed = (ONE[random(ONE.length)] ?? ONE[0])?.(changed, random) ?? changed;
  return changed;
}
