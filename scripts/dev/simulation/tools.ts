// The simulated programs that backups and hooks are made with: tar, zstd, du, sync, and scripts of one line a command.
import { createHash } from 'node:crypto';
import { join, relative } from 'node:path';
import type { Inode, Kind } from './disk.ts';
import { type Call, failed, type Outcome, type Program, said, textOf } from './program.ts';
import type { World } from './world.ts';
import { writeAll } from './writing.ts';

/** One entry of a simulated archive. */
interface Packed {
  path: string;
  kind: Kind;
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  data: string;
}

const folderOf = (argv: readonly string[]): string =>
  argv.find((word) => word.startsWith('--directory='))?.slice('--directory='.length) ?? '/';

const shown = (packed: readonly Packed[]): string =>
  packed.map(({ path, kind }) => `${path}${kind === 'folder' ? '/' : ''}\n`).join('');

function pack(path: string, inode: Inode): Packed {
  const { kind, mode, uid, gid, mtimeMs } = inode;
  return {
    path,
    kind,
    mode,
    uid,
    gid,
    mtimeMs: kind === 'folder' ? 0 : mtimeMs,
    data: Buffer.from(inode.data).toString('base64'),
  };
}

/** All of a folder, itself as `.`. */
export function packFolder(world: World, folder: string): Packed[] {
  const { disk } = world;
  return [folder, ...disk.below(folder)].map((path) =>
    pack(`./${relative(folder, path)}`.replace(/^\.\/$/, '.'), disk.get(path)),
  );
}

function create(call: Call): Outcome {
  const { world, argv, step } = call;
  const from = folderOf(argv);
  const last = argv.at(-1) ?? '.';
  const packed = last === '.' ? packFolder(world, from) : [pack(last, world.disk.get(join(from, last)))];
  const index = argv.find((word) => word.startsWith('--index-file='))?.slice('--index-file='.length);
  if (index !== undefined) {
    step('tar index', index);
    if (world.disk.find(index)) world.disk.unlink(index);
    world.disk.write(world.disk.create(index, 'file', 0o600), Buffer.from(shown(packed)));
  }
  const archive = JSON.stringify(packed);
  return said(archive, [`Total bytes written: ${archive.length} (1KiB, 1MiB/s)`]);
}

function extract(call: Call): Outcome {
  const { world, argv, input, step } = call;
  const { disk } = world;
  const into = folderOf(argv);
  for (const { path, kind, mode, uid, gid, mtimeMs, data } of unpack(input)) {
    const target = join(into, path);
    step('tar extract', target);
    const made =
      disk.find(target) ?? disk.create(target, kind, mode, kind === 'link' ? Buffer.from(data, 'base64') : undefined);
    if (kind === 'file')
      writeAll(world, step, { what: 'tar write', path: target, inode: made }, Buffer.from(data, 'base64'));
    disk.attribute(made, { mode, uid, gid, mtimeMs });
  }
  return said();
}

const unpack = (bytes: Uint8Array): Packed[] => JSON.parse(textOf(bytes)) as Packed[];

function compare({ world, argv, input }: Call): Outcome {
  const there = new Map(packFolder(world, folderOf(argv)).map((each) => [each.path, JSON.stringify(each)]));
  const different = unpack(input).filter((each) => there.get(each.path) !== JSON.stringify(each));
  return different.length === 0 ? said() : failed(1, ...different.map(({ path }) => `${path}: Contents differ`));
}

const tar: Program = (call) => {
  const { argv } = call;
  if (argv.includes('--version')) return said('tar (GNU tar) 1.34\n');
  if (argv.includes('--create')) return create(call);
  try {
    if (argv.includes('--extract')) return extract(call);
    if (argv.includes('--compare')) return compare(call);
    if (argv.includes('--list')) return said(shown(unpack(call.input)));
  } catch (error) {
    if (error instanceof SyntaxError) return failed(2, 'tar: This does not look like a tar archive');
    throw error;
  }
  throw new Error(`the simulated tar has no ${argv.join(' ')}`);
};

const MAGIC = 'zstd:';

/** The content's checksum in front of it, so that damage is found as by the real one. */
const zstd: Program = ({ argv, input }) => {
  if (argv.includes('--version')) return said('*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***\n');
  const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  if (!argv.includes('-d')) return said(Buffer.concat([Buffer.from(`${MAGIC}${sum(input)}`), input]));
  const head = textOf(input.subarray(0, MAGIC.length + 16));
  const body = input.subarray(MAGIC.length + 16);
  return head === `${MAGIC}${sum(body)}`
    ? said(body)
    : failed(1, 'zstd: Decoding error (36) : Data corruption detected');
};

/** A script is one command a line: `append FILE WORDS`, `fail CODE`; FILE may name variables. Anything else does nothing. */
const script: Program = ({ world, argv, env, step }) => {
  const { disk } = world;
  const file = argv.findLast((word) => !word.startsWith('-')) ?? '';
  const found = disk.find(file, { follow: true });
  if (found === undefined) return failed(127, `${file}: No such file`);
  for (const line of textOf(found.data).split('\n')) {
    const [command, target = '', ...words] = line.split(' ');
    if (command === 'fail') return failed(Number(target), words.join(' '));
    if (command !== 'append') continue;
    const path = target.replaceAll(/\$(\w+)/g, (_, name: string) => env[name] ?? '');
    const there = disk.find(path);
    if (there === undefined) step('script create', path);
    const inode = there ?? disk.create(path, 'file', 0o644);
    const added = Buffer.from(`${words.join(' ')}\n`);
    writeAll(world, step, { what: 'script write', path, inode }, added, inode.data);
    disk.flush(inode);
  }
  return said('done\n');
};

const newlines: Program = ({ input }) => said('\n'.repeat(textOf(input).split('\n').length - 1));

const head: Program = ({ argv, input }) => said(input.subarray(0, Number(argv[2])));

const sync: Program = ({ world, step }) => {
  step('program sync', '/');
  world.disk.settle();
  return said();
};

const du: Program = ({ argv }) => said(`4096\t${argv.at(-1)}\n`);

export const TOOLS: Readonly<Record<string, Program>> = { tar, zstd, tr: newlines, head, sync, du, bash: script };
