// A failure is never made worse: whatever a playbook is or does, there is an answer, soon, without secrets.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHost } from '../host/real.ts';
import type { Case } from './case.ts';
import { knownFailures, knownLines } from './known.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belay-playbooks-'));
  for (const name of ['engine', 'own']) mkdirSync(join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (shelf: string, id: string, detection: string, more: { fix?: string; cause?: string } = {}) =>
  writeFileSync(
    join(folder, shelf, `${id}.yaml`),
    `id: ${id}\nsymptom: It is ${id}, says ${shelf}.\ndetection: [${detection}]\nroot_cause: ${more.cause ?? 'unknown'}\nfix: [${more.fix ?? '{ do: nothing }'}]\nverify: [{ run: 'true', shows: nothing }]\n`,
  );
const SEEN: Case = { values: { ticket: 'T-1', root: '/' }, log: ['the door is stuck at /srv/door'], output: ['creak'] };
const known = (host = openHost(), secrets: string[] = []) =>
  knownFailures(host, [join(folder, 'engine'), join(folder, 'own'), join(folder, 'none')], SEEN, secrets);
const STUCK = "{ log: 'stuck at (?<place>\\S+)' }";

test('words, then looks, then the fix with both filled in', async () => {
  put('engine', 'door', `${STUCK}, { command: [printf, 'hinge %s', '{place}'], shows: 'hinge (?<hinge>\\S+)' }`, {
    fix: "{ do: 'Oil {hinge}, {unknownless}', run: 'oil {hinge} {ticket}' }".replace(', {unknownless}', ''),
  });
  const lines = knownLines(await known());
  expect(lines).toContain('Known failure door: It is door, says engine.');
  expect(lines).toContain('  1. Oil /srv/door');
  expect(lines).toContain('       oil /srv/door T-1');
});

test('one sign that does not hold is enough, and no command runs where the words do not fit', async () => {
  const ran = join(folder, 'ran');
  put('engine', 'words', `{ command: [touch, '${ran}'], exit: 0 }, { log: nowhere }`);
  put('engine', 'look', `${STUCK}, { command: ['false'], exit: 0 }`);
  put('engine', 'absent', `${STUCK}, { command: [no-such-program], exit: 0 }`);
  expect(await known()).toEqual({ failures: [], notices: [] });
  expect(await Bun.file(ran).exists()).toBe(false);
});

test("the host's own playbook counts more", async () => {
  put('engine', 'door', STUCK);
  put('own', 'door', STUCK);
  expect((await known()).failures.map(({ symptom }) => symptom)).toEqual(['It is door, says own.']);
});

test('broken playbooks are a notice, and the others go on', async () => {
  put('engine', 'door', STUCK);
  writeFileSync(join(folder, 'own/a.yaml'), 'id: [');
  mkdirSync(join(folder, 'own/b.yaml'));
  writeFileSync(join(folder, 'own/c.yaml'), Buffer.alloc(200_000, 'x'));
  const { failures, notices } = await known();
  expect(failures.length).toBe(1);
  expect(notices.length).toBe(1);
  expect(notices[0]).toContain('problems in playbooks, which are left out');
});

test('a command that hangs is ended, and one that floods is cut', async () => {
  const real = openHost();
  const hurried = {
    ...real,
    clock: { ...real.clock, sleep: (_: number, signal?: AbortSignal) => real.clock.sleep(100, signal) },
  };
  put('engine', 'hang', `${STUCK}, { command: [sleep, '1000'], exit: 0 }`);
  const late = await known(hurried);
  expect(late).toEqual({ failures: [], notices: ['The playbooks took too long.'] });
  rmSync(join(folder, 'engine/hang.yaml'));
  put('engine', 'flood', `${STUCK}, { command: [head, '-c', '30000000', /dev/zero], shows: y }`);
  expect((await known()).failures).toEqual([]);
});

test('a look that throws is a notice', async () => {
  const real = openHost();
  const broken = {
    ...real,
    exec: {
      ...real.exec,
      run() {
        throw new TypeError('out of processes');
      },
    },
  };
  put('engine', 'door', `${STUCK}, { command: ['true'], exit: 0 }`);
  expect((await known(broken)).notices).toEqual(['The playbook door could not be tried: out of processes']);
});

test('secrets are shown nowhere', async () => {
  put('engine', 'door', STUCK, { fix: "{ do: 'at {place}', run: 'look {place}' }" });
  expect(JSON.stringify(await known(openHost(), ['/srv/door']))).not.toContain('/srv/door');
});
