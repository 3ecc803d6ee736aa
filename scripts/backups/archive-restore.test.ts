// Folders back from archives: the identity for any tree, and a full disk that costs nothing.
import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, asyncProperty, constantFrom, integer, oneof, record, string, uint8Array } from 'fast-check';
import { writeArchive } from './archive.ts';
import type { BackupItem, Restoring } from './kind.ts';
import { workspaceRestorer } from './workspace/restore.ts';
import { makeWorld, type World } from './world.ts';

const STAMP = '20260102_030405';
let world: World;
afterEach(() => world.end());

const sh = (script: string, ...words: Array<string | Buffer>): string => {
  const text = words.map(String);
  const ran = Bun.spawnSync(['bash', '-c', `set -eu\n${script}`, 'bash', ...text], {
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
  });
  if (ran.exitCode !== 0) throw new Error(ran.stderr.toString());
  return ran.stdout.toString();
};

/** Everything but the times of folders. */
const look = (path: string): string =>
  sh(
    `cd -- "$1"; find . -type d -printf '%p|%m|%U|%G\\0' -o -printf '%p|%y|%m|%U|%G|%s|%T@|%l|%n\\0' | sort -z | tr '\\0\\n' '\\n?'
find . -type f -print0 | sort -z | xargs -0 -r sha256sum -z -- | tr '\\0' '\\n'`,
    path,
  );

async function saved(path: string): Promise<Restoring> {
  const item: BackupItem = {
    kind: 'workspace',
    name: 'workspace-x',
    describes: 'x',
    path,
    bytes: undefined,
    when: 'held',
  };
  const folder = mkdtempSync(join(world.root, 'backup-'));
  return { item, files: [await writeArchive(world.context, item, path, folder)], folder, stamp: STAMP, work: folder };
}

const name = oneof(
  constantFrom(
    'a',
    'b',
    '-rf',
    ' ',
    '*',
    '$(id)',
    'é',
    'a\nb',
    '"',
    "'",
    '\\',
    '.hidden',
    'x.asd-new-1',
    '%s',
    '\u202e',
  ),
  string({ minLength: 1, maxLength: 6 }).filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..'),
);
const entry = record({
  kind: constantFrom('file', 'folder', 'link', 'hard', 'sparse', 'pipe'),
  under: integer({ min: 0, max: 5 }),
  name,
  mode: constantFrom('0600', '0644', '0755', '4711', '0400', '1777', '2750'),
  content: uint8Array({ maxLength: 40 }),
  time: integer({ min: -1000, max: 2_000_000_000 }),
});

const MAKE: Record<string, string> = {
  file: 'cat > "$1"; chmod "$2" -- "$1"; touch -d "@$3.123456789" -- "$1"',
  folder: 'mkdir -- "$1"; chmod "$2" -- "$1"',
  link: 'ln -s -- "$(basename -- "$4")" "$1"; touch -h -d "@$3" -- "$1"',
  hard: 'ln -- "$4" "$1"',
  sparse:
    'truncate -s 3M -- "$1"; printf x | dd of="$1" bs=1 seek=1000000 conv=notrunc status=none; touch -d "@$3" -- "$1"',
  pipe: 'mkfifo -- "$1"; touch -d "@$3" -- "$1"',
};

test('backup, then anything, then restore: the same tree again', async () => {
  world = makeWorld({ backup: {} });
  const tree = world.packagePath('tree');
  await assert(
    asyncProperty(array(entry, { maxLength: 12 }), array(entry, { maxLength: 3 }), async (before, after) => {
      rmSync(tree, { recursive: true, force: true });
      mkdirSync(tree);
      const make = (entries: typeof before) => {
        const folders = [tree];
        let file = '';
        for (const each of entries) {
          const path = join(folders[each.under % folders.length] ?? tree, each.name);
          const script = MAKE[each.kind] ?? '';
          const ran = Bun.spawnSync(
            [
              'bash',
              '-c',
              `set -eu; [ ! -e "$1" ] && [ ! -L "$1" ]; ${script}`,
              'bash',
              path,
              each.mode,
              String(each.time),
              file,
            ],
            {
              stdin: each.content,
              stderr: 'ignore',
            },
          );
          if (ran.exitCode !== 0) continue;
          if (each.kind === 'folder') folders.push(path);
          if (each.kind === 'file') file = path;
        }
      };
      make(before);
      const was = look(tree);
      const restoring = await saved(tree);
      rmSync(tree, { recursive: true });
      if (after.length > 0) {
        mkdirSync(tree);
        make(after);
      }
      for (const step of ['stage', 'swap', 'settle'] as const) await workspaceRestorer[step](world.context, restoring);
      expect(look(tree)).toBe(was);
    }),
    { numRuns: 12 },
  );
}, 60_000);

const mounts = process.getuid?.() === 0;

test.skipIf(!mounts)('a disk that is full while staging: said, nothing left, the live data as it was', async () => {
  world = makeWorld({ backup: {} });
  const disk = world.packagePath('disk');
  mkdirSync(disk);
  const mounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'belay-test', disk]);
  expect(mounted.exitCode).toBe(0);
  try {
    const tree = join(disk, 'tree');
    mkdirSync(tree);
    writeFileSync(join(tree, 'big'), crypto.getRandomValues(new Uint8Array(65_536)));
    for (let n = 0; n < 28; n++) writeFileSync(join(tree, `big${n}`), crypto.getRandomValues(new Uint8Array(65_536)));
    const restoring = await saved(tree);
    writeFileSync(join(tree, 'since'), 'precious');
    const was = look(tree);
    await expect(workspaceRestorer.stage(world.context, restoring)).rejects.toThrow('the disk is full');
    expect(readdirSync(disk)).toEqual(['tree']);
    expect(look(tree)).toBe(was);
  } finally {
    Bun.spawnSync(['umount', disk]);
  }
});

test('a record that names a place of somebody else is refused', async () => {
  world = makeWorld({ backup: {} });
  const restoring = await saved(mkdtempSync(join(tmpdir(), 'belay-else-')));
  const { path } = restoring.item;
  for (const step of ['stage', 'swap', 'settle', 'undo'] as const)
    await expect((async () => workspaceRestorer[step](world.context, restoring))()).rejects.toThrow(
      'neither below the package',
    );
  rmSync(path ?? '', { recursive: true });
});
