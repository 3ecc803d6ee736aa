// Folders back from archives: the identity for any tree, and a full disk that costs nothing.
import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, asyncProperty } from 'fast-check';
import { TAR_COMPARES, TAR_READS, toolOptions, writeArchive } from './archive.ts';
import type { BackupItem, Restoring } from './kind.ts';
import { entries, look, makeEntries } from './random-tree.ts';
import { workspaceRestorer } from './workspace/restore.ts';
import { makeWorld, type World } from './world.ts';

const STAMP = '20260102_030405';
let world: World;
afterEach(() => world.end());

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

/** A link to itself, which some ways to list a folder stumble over. */
const LOOP = ['file', 'folder', 'link'].map((kind, at) => ({
  kind,
  marked: false,
  under: kind === 'link' ? 1 : 0,
  name: at === 1 ? 'a' : 'b',
  mode: '0755',
  content: new Uint8Array(),
  time: 0,
}));

test('backup, then anything, then restore: the same tree again', async () => {
  world = makeWorld({ backup: {} });
  const tree = world.packagePath('tree');
  await assert(
    asyncProperty(entries(12), entries(3), async (before, after) => {
      rmSync(tree, { recursive: true, force: true });
      makeEntries(tree, before);
      const was = look(tree);
      const restoring = await saved(tree);
      rmSync(tree, { recursive: true });
      if (after.length > 0) makeEntries(tree, after);
      for (const step of ['stage', 'swap', 'settle'] as const) await workspaceRestorer[step](world.context, restoring);
      expect(look(tree)).toBe(was);
    }),
    { numRuns: 12, examples: [[LOOP, []]] },
  );
}, 60_000);

test('an archive is read to the end of its last record, so that a slow decompressor is not ended by it', async () => {
  world = makeWorld({ backup: {} });
  const tree = world.packagePath('tree');
  mkdirSync(tree);
  writeFileSync(join(tree, 'page'), 'of one line\n');
  const { files, folder } = await saved(tree);
  const archive = join(folder, files[0]?.file ?? '');
  const slowly = ['sh', '-c', 'zstd -d -q -c | { head -c 10240; sleep 0.2; cat; }'];
  const out = world.packagePath('out');
  mkdirSync(out);
  for (const reader of [TAR_READS, TAR_COMPARES]) {
    const options = { ...toolOptions(world.context), fromFile: archive };
    const piped = await world.context.host.exec.pipe([slowly, [...reader, `--directory=${out}`]], options);
    expect(piped).toMatchObject({ codes: [0, 0], tail: [] });
  }
});

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
