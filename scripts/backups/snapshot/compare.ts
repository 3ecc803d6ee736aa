// A folder against what it should be, entry by entry: both come in the order of Files.walk, so that nothing is kept but who is linked to whom.
import type { TreeEntry } from '../../host/port.ts';
import { inWalkOrder, type Listed } from './list.ts';

const AHEAD = 4;

export interface Pair {
  /** undefined: it should not be there. */
  expected: Listed | undefined;
  /** undefined: it is not there. */
  actual: TreeEntry | undefined;
}

/** A live folder as what a copy of it should be: its hard links are those that lie in it. */
export function* asExpected(entries: Iterable<TreeEntry>): Generator<Listed> {
  for (const entry of entries) {
    const { id, links, ...same } = entry;
    yield { ...same, group: entry.kind !== 'folder' && links > 1 ? id : undefined, sha256: '' };
  }
}

export function* pairs(expected: Iterable<Listed>, actual: Iterable<TreeEntry>): Generator<Pair> {
  const [wanted, found] = [expected[Symbol.iterator](), actual[Symbol.iterator]()];
  let [one, other] = [wanted.next(), found.next()];
  while (!one.done || !other.done) {
    const order = one.done ? 1 : other.done ? -1 : inWalkOrder(one.value.path, other.value.path);
    yield { expected: order <= 0 ? one.value : undefined, actual: order >= 0 ? other.value : undefined } as Pair;
    if (order <= 0) one = wanted.next();
    if (order >= 0) other = found.next();
  }
}

/** Begins to look at what comes next while one pair is dealt with: reading takes the time of a disk, or of another core. */
export function* ahead<T>(all: Iterable<Pair>, start: (pair: Pair) => T): Generator<[Pair, T]> {
  const begun: Array<[Pair, T]> = [];
  for (const pair of all) {
    begun.push([pair, start(pair)]);
    const next = begun.length > AHEAD ? begun.shift() : undefined;
    if (next !== undefined) yield next;
  }
  yield* begun;
}

/** Remembers, pair by pair, which hard links there should be and are. */
export function linkKeeper(): (pair: { expected: Listed; actual: TreeEntry }) => string | undefined {
  const idOf = new Map<number | bigint, bigint>();
  const keyOf = new Map<bigint, number | bigint>();
  let count = 0;
  return ({ expected: { group }, actual: { kind, id, links } }) => {
    if (kind === 'folder') return undefined;
    // Without a second name anywhere it can be linked to nothing; of a copy most have one, in other copies.
    if (links === 1 && group === undefined) return undefined;
    const key = group ?? -BigInt(++count);
    const first = idOf.get(key);
    if (first !== undefined && first !== id) return 'is no hard link to what it should be linked to';
    const other = keyOf.get(id);
    if (other !== undefined && other !== key) return 'is a hard link to what it should not be linked to';
    if (group !== undefined) idOf.set(key, id);
    keyOf.set(id, key);
    return undefined;
  };
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** What of an entry is not as it should be, without its content and links; undefined: all is. */
export function unlike({ expected, actual }: Pair): string | undefined {
  if (actual === undefined) return 'is missing';
  if (expected === undefined) return 'should not be there';
  if (actual.kind !== expected.kind) return `is a ${actual.kind}, not a ${expected.kind}`;
  if (actual.size !== expected.size) return `has ${actual.size} bytes, not ${expected.size}`;
  if (actual.target !== expected.target || actual.device !== expected.device) return 'points elsewhere';
  if (actual.mode !== expected.mode && actual.kind !== 'link')
    return `has mode ${octal(actual.mode)}, not ${octal(expected.mode)}`;
  if (actual.uid !== expected.uid || actual.gid !== expected.gid)
    return `belongs to ${actual.uid}:${actual.gid}, not ${expected.uid}:${expected.gid}`;
  if (actual.mtimeNs !== expected.mtimeNs) return 'has another time';
  if (actual.attributes !== expected.attributes) return 'has other extended attributes or another access list';
  return undefined;
}
