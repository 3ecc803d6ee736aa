// A volume swapped by its contents, where its folder is a mount point: killed before any command of the scripts, and run again.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atPoint, killPoints } from '../../dev/kill-points.ts';
import type { Host } from '../../host/port.ts';
import { writeArchive } from '../archive.ts';
import type { BackupContext, BackupItem, Restoring } from '../kind.ts';
import { lacks } from '../lacks.ts';
import { writeSnapshot } from '../snapshot/write.ts';
import { makeWorld, type World } from '../world.ts';
import { runInside, stageInside } from './inside.ts';
import { stageSnapshotInside, swapSnapshotInside, undoSnapshotInside } from './snapshot-inside.ts';

const STAMP = '20260102_030405';
let world: World;
let folder: string;
let backup: string;
let restoring: Restoring;

async function make(method: NonNullable<BackupItem['method']>) {
  world = makeWorld({ backup: {} });
  folder = join(world.root, 'volume');
  backup = mkdtempSync(join(tmpdir(), 'belay-inside-'));
  Bun.spawnSync([
    'sh',
    '-c',
    'mkdir -p "$1/a/b" && cd "$1" && chmod 0751 . a && echo x > a/b/c && echo y > .hidden && ln -s c "-odd * name"',
    'sh',
    folder,
  ]);
  const item: BackupItem = {
    kind: 'volume',
    name: 'volume-x',
    describes: 'volume x',
    path: folder,
    bytes: undefined,
    method,
    when: 'held',
  };
  const write = method === 'archive' ? writeArchive : writeSnapshot;
  const files = [await write(world.context, item, folder, backup)];
  restoring = { item, files, folder: backup, stamp: STAMP, work: join(backup, 'work') };
}
afterEach(async () => {
  rmSync(backup, { recursive: true });
  await world.end();
});

/** Names, kinds, modes and contents, the folder itself among them. */
const fingerprint = (path: string): string => {
  const look = 'cd "$1" && find . -printf "%p %y %m %l\\n" | sort && find . -type f -exec cat {} + | sort';
  return Bun.spawnSync(['sh', '-c', look, 'sh', path]).stdout.toString();
};

/** One file stays as it is: a snapshot shares it. */
function spoil(): void {
  Bun.spawnSync(['find', folder, '-mindepth', '1', '!', '-name', '.hidden', '-delete']);
  Bun.spawnSync(['chmod', '0700', folder]);
  mkdirSync(join(folder, 'other'));
  writeFileSync(join(folder, 'intruder'), 'x');
}

type Step = 'stage' | 'swap' | 'settle' | 'undo';
function run(step: Step, context: BackupContext = world.context): Promise<unknown> {
  if (restoring.item.method === 'incremental' && step !== 'settle') return SNAPSHOT[step](context, restoring, folder);
  if (step === 'stage') return stageInside(context, restoring, { folder });
  return runInside(context, restoring, { folder }, step);
}
const SNAPSHOT = { stage: stageSnapshotInside, swap: swapSnapshotInside, undo: undoSnapshotInside };

/** The scripts of swap, undo and settle: others only make what these move. */
const MOVES = /away "\$|it is staged, not swapped/;

/** The scripts run in bash, which runs `trap` before each command, with n counting down. */
function trapped(n: number, trap: string): { context: BackupContext; died(): boolean } {
  const { host } = world.context;
  let died = false;
  const run: Host['exec']['run'] = async (argv, options) => {
    const [program, , text = '', ...words] = argv;
    if (program !== 'sh' || !MOVES.test(text)) return host.exec.run(argv, options);
    const result = await host.exec.run(
      ['bash', '-T', '-c', `n=${n}; trap '${trap}' DEBUG\n${text}`, ...words],
      options,
    );
    if (result.signal !== null && result.code === undefined) died = true;
    return result;
  };
  return { context: { ...world.context, host: { ...host, exec: { ...host.exec, run } } }, died: () => died };
}

/** Runs a step to its end, and then again, killed before commands of its script. @returns how many commands that has. */
async function killed(step: Exclude<Step, 'stage'>, label: string, then: () => Promise<void>): Promise<number> {
  const tally = join(backup, 'tally');
  writeFileSync(tally, '');
  await run(step, trapped(0, `printf . >>"${tally}"`).context);
  const count = statSync(tally).size;
  rmSync(tally);
  await then();
  for (const point of killPoints(count, `content-wise ${step} ${label}`)) {
    await atPoint(point, count, step, async () => {
      const { context, died } = trapped(point, '[ $((n--)) -gt 0 ] || kill -9 $$');
      await run(step, context).catch((error: unknown) => {
        if (!died()) throw error;
      });
      expect(died()).toBe(true);
      await then();
    });
  }
  return count;
}

const METHODS = lacks('rsync') ? (['archive'] as const) : (['archive', 'incremental'] as const);

describe.each(METHODS)('content-wise, %s', (method) => {
  beforeEach(() => make(method));

  test('forward and back', async () => {
    const saved = fingerprint(folder);
    spoil();
    const spoilt = fingerprint(folder);
    await run('stage');
    await run('undo');
    expect(fingerprint(folder)).toBe(spoilt);
    for (const step of ['stage', 'stage', 'swap', 'swap', 'stage'] as const) await run(step);
    await run('undo');
    expect(fingerprint(folder)).toBe(spoilt);
    for (const step of ['stage', 'swap', 'settle', 'settle'] as const) await run(step);
    expect(fingerprint(folder)).toBe(saved);
  });

  test('swap and settle killed before any of their commands', async () => {
    const saved = fingerprint(folder);
    spoil();
    await run('stage');
    const commands = await killed('swap', 'again', async () => {
      for (const step of ['stage', 'swap'] as const) await run(step);
      await run('settle');
      expect(fingerprint(folder)).toBe(saved);
      spoil();
      await run('stage');
    });
    expect(commands).toBeGreaterThan(8);
    await run('swap');
    await killed('settle', 'again', async () => {
      await run('settle');
      expect(fingerprint(folder)).toBe(saved);
      await run('stage');
      await run('swap');
    });
  }, 30_000);

  test('swap and undo killed before any of their commands, and undone', async () => {
    spoil();
    const spoilt = fingerprint(folder);
    for (const step of ['swap', 'undo'] as const) {
      await run('stage');
      if (step === 'undo') await run('swap');
      await killed(step, 'undone', async () => {
        await run('undo');
        expect(fingerprint(folder)).toBe(spoilt);
        await run('stage');
        if (step === 'undo') await run('swap');
      });
      await run('undo');
    }
  }, 30_000);

  test('an undo that was killed, then forward after all', async () => {
    const saved = fingerprint(folder);
    spoil();
    await run('stage');
    await run('swap');
    await killed('undo', 'forward', async () => {
      for (const step of ['stage', 'swap', 'settle'] as const) await run(step);
      expect(fingerprint(folder)).toBe(saved);
      spoil();
      await run('stage');
      await run('swap');
    });
  }, 30_000);
});
