// Power cuts on a real file system: the image below a loop-mounted ext4, copied in the middle of a release, is what a disk would have kept.
import { closeSync, copyFileSync, existsSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endAll, isAlive, kill, mustRun, processesOf } from '../../../../tests/scenarios/harness/process.ts';
import { SYSTEM_PATH } from '../../engine/packages.ts';
import { seeded } from '../../simulation/world.ts';
import type { Wish } from '../long-form.ts';
import { type RealHosts, realForm } from './form.ts';
import { openRealHost, type RealHost, T } from './host.ts';
import { type Copies, prepare, recover } from './recover.ts';

const BYTES = 24 * 1024 * 1024;
/** The journal commits by itself every second instead of every five: more kinds of states in less time. */
const OPTIONS = 'loop,commit=1';
const env = { PATH: SYSTEM_PATH };

interface Disk extends Copies {
  mount(prod: string): Promise<void>;
  /** Stops everything of the host, reads what the device has, and ends it all: the power is gone. */
  cut(name: string): Promise<void>;
}

function readImage(path: string): Buffer {
  const bytes = Buffer.alloc(BYTES);
  const file = openSync(path, 'r');
  try {
    for (let at = 0; at < BYTES; ) {
      const read = readSync(file, bytes, at, BYTES - at, at);
      if (read === 0) throw new Error(`${path} ends at ${at} bytes`);
      at += read;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** The device at one moment: two readings one after the other that are the same. */
function momentOf(path: string): Buffer {
  for (let before = readImage(path); ; ) {
    const now = readImage(path);
    if (now.equals(before)) return now;
    before = now;
  }
}

const sh = (script: string, ...words: string[]) => mustRun(['sh', '-euc', script, 'sh', ...words], '/', env);

function diskOf(host: () => RealHost, folder: string): Disk {
  const at = (name: string) => join(folder, `${name}.img`);
  const remote = (name: string) => join(folder, `${name}.git`);
  let serial = 0;
  /** A new file each time: another mount namespace may hold the old file system for a while. */
  let live = at('new');
  const mount = async (prod: string) => {
    await sh('mount -t ext4 -o "$1" "$2" "$3"', OPTIONS, live, prod);
  };
  const mountCopy = async (from: string) => {
    serial += 1;
    const next = at(`live-${serial}`);
    copyFileSync(from, next);
    rmSync(live, { force: true });
    live = next;
    await mount(host().prod);
    await host().attach();
  };
  const unmount = async () => {
    await host().detach();
    await sh('sync -f "$1"; umount "$1"', host().prod);
  };
  const copyRemote = (from: string, to: string) => sh('rm -rf "$2"; cp -a "$1" "$2"', from, to);
  return {
    mount,
    async save(name) {
      await unmount();
      copyFileSync(live, at(name));
      await copyRemote(host().origin, remote(name));
      await mountCopy(at(name));
    },
    async load(name) {
      if (existsSync(join(host().prod, '.asd'))) await unmount();
      await mountCopy(at(name));
      await copyRemote(remote(name), host().origin);
    },
    async cut(name) {
      for (const pid of processesOf(host().folder)) kill(pid, 'SIGSTOP');
      const moment = momentOf(live);
      await endAll(host().folder);
      writeFileSync(at(name), moment);
      await copyRemote(host().origin, remote(name));
    },
  };
}

/** How long each command takes here now. */
async function lengths(host: RealHost, disk: Disk): Promise<Record<'release-run' | 'release-revert', number>> {
  const timed = async (verb: string) => {
    const began = performance.now();
    await host.run(verb, T);
    return performance.now() - began;
  };
  await disk.load('begin');
  return { 'release-run': await timed('release-run'), 'release-revert': await timed('release-revert') };
}

async function open({ seed, from, most }: Wish): Promise<RealHosts> {
  // Memory, where there is some: the images are copied all the time.
  const folder = await sh('mktemp -d -p "$1" belay-ext4-XXXXXX', existsSync('/dev/shm') ? '/dev/shm' : '/tmp');
  let host: RealHost | undefined;
  const close = async () => {
    await host?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const opened = (): RealHost => {
    if (host === undefined) throw new Error('the host did not open');
    return host;
  };
  const disk = diskOf(opened, folder);
  try {
    await sh('truncate -s "$1" "$2"; mkfs.ext4 -q -F -m 0 -J size=4 "$2"', String(BYTES), join(folder, 'new.img'));
    host = await openRealHost(async (prod) => {
      await disk.mount(prod);
      rmSync(join(prod, 'lost+found'), { recursive: true });
    });
    const expected = await prepare(host, disk);
    const lasts = await lengths(host, disk);
    const random = seeded(seed);
    const points = Array.from({ length: from + most }, () => ({
      of: random() < 0.75 ? ('release-run' as const) : ('release-revert' as const),
      part: random(),
    }));
    const visit: RealHosts['visit'] = async (at) => {
      const point = points[at];
      if (point === undefined) return 'missed';
      await disk.load(point.of === 'release-run' ? 'begin' : 'done');
      const afterMs = Math.round(point.part * lasts[point.of]);
      const { pid, ended } = opened().start(point.of, T);
      await Bun.sleep(afterMs);
      // Too late is a cut, too: what was said to be done has to be on the disk.
      if (!isAlive(pid)) await ended;
      await disk.cut('cut');
      await ended;
      const where = `power cut ${afterMs} ms after the beginning of ${point.of}`;
      await disk.load('cut');
      return { where, what: await recover(opened(), disk, expected, undefined, point.of) };
    };
    return { visit, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Why there can be no loop-mounted ext4 here. */
function lacks(): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting needs root';
  if (Bun.which('mkfs.ext4', { PATH: SYSTEM_PATH }) === null) return 'mkfs.ext4 is not installed';
  return existsSync('/dev/loop-control') ? undefined : 'there are no loop devices';
}

export const EXT4 = realForm({
  kind: 'ext4',
  what: 'real ext4: the power goes in the middle of a release or a revert',
  count: 200,
  lacks,
  open,
});
