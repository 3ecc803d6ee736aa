// Every check for itself: one that throws, hangs or refuses is reported, and what it found is shown without secrets.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refused } from '../model/error.ts';
import { inGroups } from '../release/in-groups.ts';
import { type Check, fail, mend, pass, safeMend } from './check.ts';
import { examine, exitOf } from './examine.ts';
import { runMends, safeMends } from './fix.ts';
import { openWard, type Ward } from './fixture.ts';
import { openPatient } from './patient.ts';
import { CHECKS } from './registry.ts';
import { masked, reportJson, reportLines } from './report.ts';

let ward: Ward;
const open = (host = ward.host) =>
  openPatient({
    host,
    engine: ward.root,
    root: ward.root,
    isCheckout: true,
    only: [],
    guarded: async () => false,
    inGroups,
  });
beforeEach(() => {
  ward = openWard();
});
afterEach(() => ward.close());

const check = (id: string, look: Check['look']): Check => ({ id, look });

test('one that throws is broken, one that hangs has failed, and the others go on', async () => {
  const hurried = {
    ...ward.host,
    clock: { ...ward.host.clock, sleep: (_: number, signal?: AbortSignal) => ward.host.clock.sleep(20, signal) },
  };
  const results = await examine(open(hurried), [
    check('thrower', () => {
      throw new TypeError('undefined is not a function');
    }),
    check('hanger', () => new Promise(() => undefined)),
    check('refuser', () => {
      throw refused({ what: 'No', details: ['a', 'b'], hint: ['Do this first:', 'git status'] });
    }),
    check('well', () => [pass('well')]),
  ]);
  const outcomes = results.map(({ check: id, findings }) => [id, findings[0]?.outcome, findings[0]?.what]);
  expect(outcomes).toEqual([
    ['thrower', 'broken', 'the check itself failed: TypeError: undefined is not a function'],
    ['hanger', 'fail', 'it took longer than 30 s'],
    ['refuser', 'fail', 'No; a; b; Do this first:'],
    ['well', 'pass', 'well'],
  ]);
  expect(results[2]?.findings[0]?.mends[0]?.command).toBe('git status');
  expect(exitOf(results)).toBe(2);
  expect([exitOf(results.slice(1)), exitOf(results.slice(3))]).toEqual([1, 0]);
});

test('secrets of .env are not shown, and a command that would hold one is left out', async () => {
  writeFileSync(join(ward.root, '.env'), 'API_TOKEN=correct-horse\n');
  const at = open();
  const finding = fail('it says correct-horse', mend('echo correct-horse', 'shown'), mend('echo ok', 'fine'));
  const results = masked(await examine(at, [check('leaky', () => [finding])]), at.secrets);
  const text = reportLines(results).join('\n') + reportJson(results);
  expect(text).not.toContain('correct-horse');
  expect(text).toContain('echo ok  # fine');
});

test('however much is found, the report stays short', async () => {
  const many = Array.from({ length: 5_000 }, (_, at) => fail(`finding ${at}`));
  const results = await examine(open(), [check('many', () => many)]);
  expect(reportLines(results).length).toBeLessThan(50);
  expect(reportLines(results).join('\n')).toContain('and 4960 more');

  const well = Array.from({ length: 60 }, (_, at) => (at === 55 ? fail('the one') : pass(`service ${at}`)));
  const [of] = await examine(open(), [check('many', () => well)]);
  expect(of?.findings[0]?.what).toBe('the one');
  expect(of?.findings.at(-1)).toMatchObject({ outcome: 'pass', what: 'and 20 more' });
});

test('--fix runs what is marked safe, once, and nothing else', async () => {
  const [safe, not] = [join(ward.folder, 'safe'), join(ward.folder, 'not')];
  const finding = fail(
    'x',
    safeMend(`echo >> ${safe}`, 'well'),
    mend(`echo >> ${not}`, 'harm'),
    safeMend('exit 3', 'fails'),
  );
  const results = await examine(open(), [check('one', () => [finding]), check('two', () => [finding])]);
  const done = await runMends(open(), safeMends(results));
  expect(done.map(({ ok }) => ok)).toEqual([true, false]);
  expect(existsSync(safe)).toBe(true);
  expect(existsSync(not)).toBe(false);
});

test('every check has a name of its own, and a broken host is examined to its end', async () => {
  const ids = CHECKS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  writeFileSync(join(ward.root, '.git/HEAD'), 'nonsense');
  writeFileSync(join(ward.root, '.env'), Buffer.from([0xff, 0x00, 0x3d]));
  const results = await examine(open(), CHECKS);
  expect(results.map((each) => each.check)).toEqual(ids);
  expect(results.flatMap(({ findings }) => findings.filter(({ outcome }) => outcome === 'broken'))).toEqual([]);
});
