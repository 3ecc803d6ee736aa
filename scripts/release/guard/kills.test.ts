// Kills at random places around arm, confirm, expire and revert, reboots and clocks that jump: there is always exactly one outcome.
// BELAY_TEST_LIVES=200 runs the long form, BELAY_TEST_LIFE=n one of them.
import { expect, test } from 'bun:test';
import { decide, readGuard } from '../../journal/guard.ts';
import { type GuardWorld, openGuardWorld, TICKET, WITHIN_MS } from './fixture.ts';

const SEEDS = Number(process.env.BELAY_TEST_LIVES ?? 25);
const FIRST =
  process.env.BELAY_TEST_LIFE === undefined
    ? Math.floor(Math.random() * 1_000_000)
    : Number(process.env.BELAY_TEST_LIFE);
const COUNT = process.env.BELAY_TEST_LIFE === undefined ? SEEDS : 1;

/** mulberry32 */
function randomOf(seed: number): (below: number) => number {
  let a = seed >>> 0;
  return (below) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

interface Told {
  confirmed: boolean;
  refused: boolean;
}

/** A person decides, and dies somewhere on the way. */
async function person(world: GuardWorld, random: (below: number) => number, told: Told): Promise<void> {
  const kind = random(3) === 0 ? 'revert' : 'confirm';
  const { paths } = world.context;
  // As release-confirm does it: only in the window, and in time.
  const guard = readGuard(world.host, paths, TICKET);
  if (guard?.armed?.stage !== 'window' || guard.verdict) return;
  // Meanwhile another one decides, or the world goes on.
  const meanwhile = random(4);
  if (meanwhile === 0) await person(world, random, told);
  if (meanwhile === 1) await world.sweep(random(14));
  const host = random(2) === 0 ? world.host : world.mortal(random(5));
  try {
    const { won } = decide(host, paths, TICKET, { kind, cause: 'asked', by: 'op', manual: false });
    if (won) told[kind === 'confirm' ? 'confirmed' : 'refused'] = true;
  } catch (error) {
    expect(String(error)).toMatch(/killed|does not wait any more/);
  }
}

async function life(seed: number): Promise<void> {
  const random = randomOf(seed);
  const world = openGuardWorld();
  const told: Told = { confirmed: false, refused: false };
  try {
    // Arming and opening the window may be cut off, too; a release that never began has no outcome to have.
    try {
      const host = random(4) === 0 ? world.mortal(random(12)) : world.host;
      world.arm(host);
      world.openWindow(random(4) === 0 ? world.mortal(random(14)) : world.host);
    } catch (error) {
      expect(String(error)).toContain('killed');
    }
    let elapsed = 0;
    for (let turn = 0; turn < 12; turn += 1) {
      const what = random(6);
      if (what === 0) await person(world, random, told);
      else if (what === 1) {
        const ms = random(WITHIN_MS / 3);
        elapsed += ms;
        world.pass(ms);
      } else if (what === 2) {
        const off = random(60_000);
        elapsed += off + 20_000;
        world.reboot(off);
      } else if (what === 3) {
        // Somebody sets the clock; the watchdog sees it before anything else happens.
        world.clock.wallMs += (random(2) === 0 ? 1 : -1) * random(900_000_000);
        await world.sweep();
      } else await world.sweep(random(3) === 0 ? undefined : random(14));
      if (elapsed < WITHIN_MS && !told.refused && world.count('going-back') > 0) {
        const early = readGuard(world.host, world.context.paths, TICKET)?.verdict?.cause;
        expect(early === undefined || early === 'asked').toBeTrue();
      }
    }
    world.pass(10 * 3_600_000);
    for (let n = 0; n < 3; n += 1) await world.sweep();
    const outcome = { released: world.count('released'), reverted: world.count('reverted'), runs: world.runs() };
    const began = world.events().includes('prepare start');
    const advanced = world.events().includes('prepare step-done');
    expect(told.confirmed && told.refused).toBeFalse();
    if (told.confirmed) expect(outcome).toEqual({ released: 1, reverted: 0, runs: 'new' });
    else if (told.refused) expect(outcome).toEqual({ released: 0, reverted: 1, runs: 'old' });
    else if (began && advanced)
      // Whoever died while deciding may have decided.
      expect([
        { released: 0, reverted: 1, runs: 'old' },
        { released: 1, reverted: 0, runs: 'new' },
      ]).toContainEqual(outcome);
    expect(outcome.released + outcome.reverted).toBeLessThanOrEqual(1);
    expect(readGuard(world.host, world.context.paths, TICKET)).toBeUndefined();
  } finally {
    world.dispose();
  }
}

test(`${COUNT} lives from seed ${FIRST}`, async () => {
  for (let seed = FIRST; seed < FIRST + COUNT; seed += 1) {
    try {
      await life(seed);
    } catch (error) {
      throw new Error(`BELAY_TEST_LIFE=${seed}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
}, 600_000);
