// For tests: a folder with everything that a careless copy loses, and a fingerprint that sees it.
import { dlopen, FFIType, ptr } from 'bun:ffi';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const MAKE = `
set -eu
mkdir -p -- "$1"; cd -- "$1"
mkdir -p deep/er empty; chmod 0701 empty; chmod 02750 deep
printf one > deep/a; ln deep/a hard; ln -s deep/a link; ln -s nowhere dangling
printf 1 > $'new\\nline'; printf 2 > $'\\xff\\xfe'; printf 3 > 'back\\slash'; printf 4 > ' -rf *'; printf 5 > '$(id)'; printf '' > nothing
printf x | dd of=sparse bs=1 seek=2097152 status=none; truncate -s 4M sparse
mkfifo pipe; printf s > setuid; chmod 4755 setuid; chmod 0600 deep/a
touch -d '2001-02-03 04:05:06.123456789' deep/a; touch -h -d '2002-02-03 04:05:06.5' link; touch -d 1969-12-31T23:00:00Z nothing
if [ "$(id -u)" = 0 ]; then chown 1234:4321 deep setuid; chmod 4755 setuid; chown -h 77:88 link; chown 999:999 .; fi
chmod 0751 .
`;

function bash(script: string, path: string): void {
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C' };
  const result = Bun.spawnSync(['bash', '-c', script, 'bash', path], { env, stdout: 'ignore', stderr: 'pipe' });
  if (result.exitCode !== 0) throw new Error(`${path}: ${result.stderr}`);
}

const libc = dlopen('libc.so.6', {
  setxattr: { args: [FFIType.cstring, FFIType.cstring, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
  getxattr: { args: [FFIType.cstring, FFIType.cstring, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
});
const c = (text: string) => Buffer.from(`${text}\0`);

// An access list in the kernel's form (linux/posix_acl_xattr.h): owner rw, uid 1234 r, group r, mask r, others nothing.
const ACL = Buffer.from(
  '0200000001000600ffffffff02000400d204000004000400ffffffff10000400ffffffff20000000ffffffff',
  'hex',
);
const ATTRIBUTES: Array<[file: string, name: string, value: Uint8Array]> = [
  ['setuid', 'user.belay', new Uint8Array([1, 0, 2])],
  ['deep/er', 'user.belay', new Uint8Array([3])],
  ['nothing', 'system.posix_acl_access', ACL],
];

/** In hexadecimal; `none` where there is none. */
export function attribute(path: string, name: string): string {
  const value = new Uint8Array(256);
  const length = Number(libc.symbols.getxattr(c(path), c(name), ptr(value), value.length));
  return length < 0 ? 'none' : Buffer.from(value.subarray(0, length)).toString('hex');
}

/** Where the file system takes it. */
export function setAttribute(path: string, name: string, value: Uint8Array): void {
  libc.symbols.setxattr(c(path), c(name), ptr(value), value.length, 0);
}

/** Makes the folder. Attributes and an access list are set where the file system takes them. */
export function makeOddTree(path: string): void {
  bash(MAKE, path);
  for (const [file, name, value] of ATTRIBUTES) {
    setAttribute(`${path}/${file}`, name, value);
  }
}

/** Names are bytes here, not text. */
function look(path: Buffer, name: Buffer, firsts: Map<bigint, string> | undefined): string[] {
  const stat: BigIntStats = lstatSync(path, { bigint: true });
  const head = [name.toString('latin1'), stat.mode.toString(8), stat.uid, stat.gid];
  if (stat.isDirectory()) {
    const inside = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare);
    const below = (entry: Buffer, of: Buffer) =>
      of.length === 0 ? entry : Buffer.concat([of, Buffer.from('/'), entry]);
    return [head.join('|'), ...inside.flatMap((entry) => look(below(entry, path), below(entry, name), firsts))];
  }
  const link = stat.isSymbolicLink() ? readlinkSync(path, { encoding: 'buffer' }).toString('latin1') : '';
  const sum = stat.isFile() ? new Bun.CryptoHasher('sha256').update(readFileSync(path)).digest('hex') : '';
  const links = firsts === undefined ? stat.nlink : (firsts.get(stat.ino) ?? '');
  if (stat.nlink > 1n && firsts?.has(stat.ino) === false) firsts.set(stat.ino, `= ${name.toString('latin1')}`);
  const holes = name.toString() === 'sparse' ? [stat.blocks < 2048n] : [];
  return [[...head, stat.size, stat.mtimeNs, link, links, sum, ...holes].join('|')];
}

/**
 * Names, kinds, modes, owners, sizes, times of files and links, link targets and counts, holes, attributes, contents.
 * @param links `inside`: not how many names a file has anywhere, but which others it has in this folder.
 */
export function fingerprint(path: string, links: 'all' | 'inside' = 'all'): string {
  const attributes = ATTRIBUTES.map(([file, name]) => `${file} ${name}=${attribute(`${path}/${file}`, name)}`);
  const firsts = links === 'inside' ? new Map<bigint, string>() : undefined;
  const entries = look(Buffer.from(path), Buffer.alloc(0), firsts);
  return [...entries, ...attributes].map((line) => JSON.stringify(line)).join('\n');
}

/** Runs lines as a person would paste them. @throws where one fails. */
export function runLines(lines: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): void {
  const script = `set -eu -o pipefail\n${lines.join('\n')}\n`;
  const result = Bun.spawnSync(['bash', '-c', script], {
    cwd,
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', ...env },
    stderr: 'pipe',
  });
  if (result.exitCode !== 0) throw new Error(`restoring failed: ${result.stderr}`);
}
