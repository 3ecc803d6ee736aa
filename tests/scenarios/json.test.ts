// Every recipe takes --json: what it prints is JSON, one object a line, whether it went well or was refused.
import { expect, test } from 'bun:test';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shutGate } from './harness/gate.ts';
import type { ScenarioHost } from './harness/host.ts';
import { type Result, runCommand, startCommand, until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

type Json = Record<string, unknown>;

/** @throws Error where a line is no JSON object, or nothing was printed. */
function objects({ stdout, text }: Result): Json[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (lines.length === 0) throw new Error(`nothing was printed: ${text}`);
  return lines.map((line) => {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) throw new Error(`no object: ${line}`);
    return value as Json;
  });
}

/** Words that each refuses, and the exit code. */
const REFUSALS: Record<string, [words: string[], code: number]> = {
  'release-run': [['J-1', '--from=nowhere'], 2],
  'release-revert': [['NONE'], 4],
  'release-stop': [['NONE'], 4],
  'release-confirm': [['NONE'], 4],
  'release-extend': [['NONE', '5m'], 4],
  'release-sweep': [['a;b'], 2],
  'guard-install': [['a'], 2],
  'release-state': [['NONE'], 4],
  'release-check': [['--diff=nowhere'], 2],
  'release-list': [['a'], 2],
  'release-log': [['NONE'], 4],
  'release-report': [['NONE'], 4],
  'belay-init': [['a'], 2],
  'release-adopt': [['a'], 2],
  'release-abandon': [['NONE', '--reason=x'], 4],
  'release-accept': [['NONE', '--reason=x'], 4],
  'release-return-to-main': [['a'], 2],
  'release-backup': [['none'], 2],
  'release-backups': [['a;b'], 2],
  'release-backup-verify': [['none'], 2],
  'release-backup-prune': [['--hold=none/none', '--reason=x'], 2],
  'release-restore': [['alpha', '20260101_000000'], 4],
  doctor: [['--nowhere'], 2],
  playbook: [['none'], 2],
};
const RECIPES = [
  ...readFileSync(join(import.meta.dir, '..', '..', 'justfile'), 'utf8').matchAll(/^([a-z][a-z-]*) \*args:/gm),
].map(([, name = '']) => name);

/** systemd is not at work, and the crontab is a file. */
function withCron(h: ScenarioHost): Record<string, string> {
  const bin = join(h.folder, 'bin');
  mkdirSync(bin);
  const program = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}`);
    chmodSync(join(bin, name), 0o755);
  };
  program('systemctl', 'echo offline; exit 1\n');
  program('crontab', `case $1 in -l) cat '${h.folder}/crontab' ;; -) cat > '${h.folder}/crontab' ;; esac\n`);
  return { PATH: `${bin}:${h.env.PATH}` };
}

onBoth(
  '--json',
  { services: { alpha: {} } },
  (host) => {
    const just = (recipe: string, words: readonly string[], env: Record<string, string> = {}): Promise<Result> =>
      runCommand(['just', recipe, ...words, '--json'], host().prod, { ...host().env, ...env });

    test('there is a refusal of every recipe', () => {
      expect(Object.keys(REFUSALS).toSorted()).toEqual(RECIPES.toSorted());
    });

    test.each(RECIPES)('%s: a refusal', async (recipe) => {
      const [words, code] = REFUSALS[recipe] ?? [[], 0];
      const refused = await just(recipe, words);
      const error = objects(refused).at(-1);
      expect([refused.code, error?.event, error?.exit]).toEqual([code, 'error', code]);
      expect([typeof error?.error, typeof error?.what, typeof error?.kind]).toEqual(['string', 'string', 'string']);
    });

    const went = new Set<string>();
    const well = async (recipe: string, words: readonly string[], code = 0, env = {}): Promise<Json[]> => {
      const done = await just(recipe, words, env);
      if (done.code !== code) throw new Error(`${recipe} ${words.join(' ')} exited ${done.code}: ${done.text}`);
      went.add(recipe);
      return objects(done);
    };
    const one = async (...of: Parameters<typeof well>): Promise<Json> => {
      const [only = {}, ...others] = await well(...of);
      expect(others).toEqual([]);
      return only;
    };
    const next = async (version: string, files = {}): Promise<void> => {
      const h = host();
      await h.git(h.dev, 'pull', '--quiet', 'origin', 'main');
      await h.push({ ...(await h.service('alpha', version)), ...files });
    };

    test('a baseline, a release, looks at it, and its way back', async () => {
      expect(await one('release-adopt', ['--no-backup'])).toMatchObject({ exit: 0 });
      expect(await one('release-adopt', ['--dry-run'])).toMatchObject({ exit: 0, said: expect.any(Array) });
      await next('2');
      expect(await one('release-check', [])).toMatchObject({ steps: expect.any(Array) });
      expect(await one('release-run', ['J-1', '--dry-run'])).toMatchObject({ steps: expect.any(Array) });
      const run = await well('release-run', ['J-1']);
      expect(run.at(0)).toMatchObject({ ticket: 'J-1', phase: 'prepare', event: 'start', services: 'alpha' });
      expect(run.at(-1)).toMatchObject({ phase: 'verify', event: 'released' });
      expect(await well('release-log', ['J-1'])).toEqual(run);
      expect(await one('release-state', ['J-1'])).toMatchObject({ state: { RELEASE_STATUS: 'released' } });
      expect(await one('release-report', ['J-1'])).toMatchObject({ failures: [], timeline: expect.any(Array) });
      expect((await well('release-list', [])).map(({ ticket }) => ticket)).toEqual(['J-1']);
      expect(await one('release-revert', ['J-1', '--dry-run'])).toMatchObject({ steps: expect.any(Array) });
      expect((await well('release-revert', ['J-1'])).at(-1)).toMatchObject({ event: 'reverted', push: 'done' });
    });

    test('one that waits, longer, and is confirmed', async () => {
      const h = host();
      await next('3');
      await well('release-run', ['J-2', '--confirm-within=10m', '--detach'], 10);
      expect(await one('release-extend', ['J-2', '1m'])).toMatchObject({ ticket: 'J-2' });
      expect(await one('release-sweep', [])).toEqual({ waiting: ['J-2'] });
      expect(await one('release-confirm', ['J-2'])).toMatchObject({ status: 'released' });
      await until('the watchdog is gone', () => h.strays().length === 0, 90_000);
    });

    test('one that is stopped and given up, one that is called released', async () => {
      const h = host();
      const gate = shutGate(h.folder, 'stop');
      await next('4', { 'packages/alpha/scripts/pre_start_init.ts': h.hook('waits', gate.wait) });
      const printed = join(h.folder, 'printed');
      const shell = ['sh', '-c', `exec just release-run J-3 > '${printed}' 2>&1`];
      const running = startCommand(shell, h.prod, h.env);
      await until('the hook runs', () => h.marks().includes('waits'), 90_000);
      const stopping = well('release-stop', ['J-3']);
      await until(
        'the release was told to stop',
        () => readFileSync(printed, 'utf8').includes('stopping at the next safe point'),
        90_000,
      );
      gate.open();
      expect(await stopping).toMatchObject([{ ticket: 'J-3', phase: 'migrate', status: 'halted' }]);
      expect((await running.ended).code).toBe(8);
      expect((await well('release-abandon', ['J-3', '--reason=test'])).at(-1)).toMatchObject({ event: 'abandoned' });
      await next('5', { 'packages/alpha/scripts/pre_start_init.ts': null });
      await well('release-run', ['J-4', '--skip-verify', '--reason=test'], 8);
      expect((await well('release-accept', ['J-4', '--reason=test'])).at(-1)).toMatchObject({ event: 'accepted' });
      expect(await one('release-return-to-main', [])).toMatchObject({ exit: 0, said: expect.any(Array) });
    });

    test('backups', async () => {
      expect((await well('release-backup', ['alpha'])).at(-1)).toMatchObject({ phase: 'backup', event: 'done' });
      const [backup] = await well('release-backups', []);
      await well('release-backup-verify', ['alpha']);
      await well('release-backup-prune', ['--dry-run']);
      const stamp = String(backup?.stamp);
      expect(await one('release-restore', ['alpha', stamp, '--dry-run'])).toMatchObject({ outcome: 'dry-run' });
      await well('release-restore', ['alpha', stamp]);
    });

    test('the host itself', async () => {
      const h = host();
      expect(await one('guard-install', [], 0, withCron(h))).toEqual({ installed: true, in: expect.any(String) });
      expect(await one('belay-init', ['--dry-run'])).toMatchObject({ dryRun: true, items: expect.any(Array) });
      expect((await well('playbook', [])).length).toBeGreaterThan(7);
      const looked = await just('doctor', []);
      expect(objects(looked).length).toBe(1);
      went.add('doctor');
    });

    test('every recipe went well at least once', () => {
      expect([...went].toSorted()).toEqual(RECIPES.toSorted());
    });
  },
  ['pm2'],
);
