// A disk that is full: a tmpfs with so many bytes free, from none to enough; then it is made larger, and the host is gone on with and gone back from.
import { statfsSync } from 'node:fs';
import { mustRun } from '../../../../tests/scenarios/harness/process.ts';
import { SYSTEM_PATH } from '../../engine/packages.ts';
import { seeded } from '../../simulation/world.ts';
import type { Wish } from '../long-form.ts';
import { folderCopies } from './folder.ts';
import { type RealHosts, realForm } from './form.ts';
import { openRealHost, type RealHost, T } from './host.ts';
import { prepare, recover } from './recover.ts';

const PAGE = 4096;
const ROOMY = 64 * 1024 * 1024;
const env = { PATH: SYSTEM_PATH };

function used(prod: string): number {
  const { blocks, bfree, bsize } = statfsSync(prod);
  return (blocks - bfree) * bsize;
}

const resize = (prod: string, bytes: number) =>
  mustRun(['mount', '-o', `remount,size=${bytes}`, 'tmpfs', prod], '/', env);

/** The most that a command takes beyond what is there, looked at while it runs. */
async function peak(host: RealHost, verb: string): Promise<number> {
  const before = used(host.prod);
  let most = 0;
  const { ended } = host.start(verb, T);
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (; !over; await Bun.sleep(2)) most = Math.max(most, used(host.prod) - before);
  const { code, text } = await ended;
  if (code !== 0) throw new Error(`${verb} exited ${code}: ${text}`);
  return most;
}

async function open({ seed }: Wish): Promise<RealHosts> {
  const host = await openRealHost(async (prod) => {
    await mustRun(['mount', '-t', 'tmpfs', '-o', `size=${ROOMY},mode=0700`, 'tmpfs', prod], '/', env);
  });
  try {
    const copies = folderCopies(host);
    const expected = await prepare(host, copies);
    await copies.load('begin');
    const need = {
      'release-run': await peak(host, 'release-run'),
      'release-revert': await peak(host, 'release-revert'),
    };
    const random = seeded(seed);
    // Every size in pages, and some above the most that was seen: it is looked at from time to time only.
    const points = (['release-run', 'release-revert'] as const)
      .flatMap((of) =>
        Array.from({ length: Math.ceil(need[of] / PAGE) + 8 }, (_, pages) => ({ of, pages, order: random() })),
      )
      .toSorted((a, b) => a.order - b.order);
    const visit: RealHosts['visit'] = async (at) => {
      const point = points[at];
      if (point === undefined) return 'missed';
      const { of, pages } = point;
      await copies.load(of === 'release-run' ? 'begin' : 'done');
      await resize(host.prod, used(host.prod) + pages * PAGE);
      const ended = await host.run(of, T);
      // A look at a host whose disk is still full.
      const stands = await host.look('state', T);
      await resize(host.prod, ROOMY);
      const where = `${of} with ${pages * PAGE} bytes free, exit ${ended.code}`;
      if (stands.code !== 0 && stands.code !== 4) return { where, what: `release-state: ${stands.text}` };
      return { where, what: await recover(host, copies, expected, ended, of) };
    };
    return { visit, close: host.close };
  } catch (error) {
    await host.close();
    throw error;
  }
}

export const DISK = realForm({
  kind: 'disk',
  what: 'full disk: a tmpfs of every size from nothing to enough',
  count: 120,
  lacks: () => (process.getuid?.() === 0 ? undefined : 'mounting needs root'),
  open,
});
