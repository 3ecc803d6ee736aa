// The list of a snapshot: a line an entry, in the order of Files.walk, and under that of a file its checksum as `sha256sum --check` reads it;
// that program takes the other lines for comments. Hard links have the same number.
import type { Files, TreeEntry } from '../../host/port.ts';
import { stepFailed } from '../../model/error.ts';

/** What a list says of an entry. */
export interface Listed extends Omit<TreeEntry, 'id' | 'links'> {
  /** The same for hard links of each other; undefined: it has none. */
  group: number | bigint | undefined;
  /** Of files. */
  sha256: string;
}

const KINDS: Record<TreeEntry['kind'], string> = {
  file: 'f',
  folder: 'd',
  link: 'l',
  pipe: 'p',
  socket: 's',
  char: 'c',
  block: 'b',
};
const OF_LETTER = new Map(Object.entries(KINDS).map(([kind, letter]) => [letter, kind as TreeEntry['kind']]));
const CHUNK = 256 * 1024;
const FIELDS = 9;

/** Words without spaces, of printable ASCII. */
const worded = (text: string): string =>
  text === ''
    ? '-'
    : text.replaceAll(/[^!-$&-~]|^-$/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
const unworded = (word: string): string =>
  word === '-'
    ? ''
    : word.replaceAll(/%([0-9a-f]{2})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));

/** As coreutils writes a name that would end its line. */
const summed = ({ sha256, path }: Listed): string =>
  /[\n\\]/.test(path)
    ? `\\${sha256}  ./${path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`
    : `${sha256}  ./${path}`;

/** In bytes: names are what they are on the disk. */
export function listLine(entry: Listed): Uint8Array {
  const { kind, mode, uid, gid, size, mtimeNs, attributes, group, device, path, target } = entry;
  const facts = [
    KINDS[kind],
    mode.toString(8).padStart(4, '0'),
    `${uid}:${gid}`,
    size,
    mtimeNs,
    worded(attributes),
    group ?? '-',
    worded(kind === 'link' ? target : device),
    path === '' ? './' : `./${worded(path)}`,
  ];
  return Buffer.from(`# ${facts.join(' ')}\n${kind === 'file' ? `${summed(entry)}\n` : ''}`, 'latin1');
}

/** Lines of a file of any size, one character a byte. */
function* linesOf(files: Pick<Files, 'readRange'>, path: string): Generator<string> {
  let rest = '';
  for (let at = 0; ; ) {
    const bytes = files.readRange(path, at, CHUNK);
    if (bytes.length === 0) break;
    at += bytes.length;
    const lines = (rest + Buffer.from(bytes).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** @throws step-failed for what listLine did not write. */
export function* readList(files: Pick<Files, 'readRange'>, path: string): Generator<Listed> {
  const lines = linesOf(files, path);
  for (const line of lines) {
    const words = line.split(' ');
    const [
      ,
      letter = '',
      mode = '',
      owner = '',
      size = '',
      mtimeNs = '',
      attributes = '',
      group = '',
      what = '',
      name = '',
    ] = words;
    const kind = OF_LETTER.get(letter);
    if (kind === undefined || words.length !== FIELDS + 1 || !name.startsWith('./') || !/^-?\d+$/.test(mtimeNs))
      throw unreadable(path, line);
    const [uid, gid] = owner.split(':');
    const sum = kind === 'file' ? lines.next().value : undefined;
    const sha256 = (typeof sum === 'string' ? sum.match(/^\\?([0-9a-f]{64}) /)?.[1] : undefined) ?? '';
    if (kind === 'file' && sha256 === '') throw unreadable(path, String(sum));
    yield {
      path: unworded(name.slice(2)),
      kind,
      mode: Number.parseInt(mode, 8),
      uid: Number(uid),
      gid: Number(gid),
      size: Number(size),
      mtimeNs: BigInt(mtimeNs),
      attributes: unworded(attributes),
      target: kind === 'link' ? unworded(what) : '',
      device: kind === 'link' ? '' : unworded(what),
      group: group === '-' ? undefined : Number(group),
      sha256,
    };
  }
}

const unreadable = (path: string, line: string) =>
  stepFailed({ what: `${path} is not as it was written: ${JSON.stringify(line.slice(0, 120))}` });

/** The order of Files.walk: a folder, then what it holds, then its next sibling. Negative: a comes first. */
export function inWalkOrder(a: string, b: string): number {
  const [one, other] = [a.replaceAll('/', '\0'), b.replaceAll('/', '\0')];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A name for people: what would confuse a terminal or a log is escaped. */
export const shown = (path: string): string => `./${path.replaceAll(/[^ -~]|%/g, (byte) => worded(byte))}`;
