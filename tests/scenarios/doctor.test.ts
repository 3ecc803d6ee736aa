// Doctor as an operator uses it: a new host, --fix, --run, and a release in the middle.
import { expect, test } from 'bun:test';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScenarioHost } from './harness/host.ts';
import { type Result, runCommand } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

interface Report {
  ready: boolean;
  exit: number;
  checks: Array<{
    check: string;
    findings: Array<{ outcome: string; what: string; mends: Array<{ command: string; safe: boolean }> }>;
  }>;
}

const type = (h: ScenarioHost, line: string): Promise<Result> => runCommand(['sh', '-c', line], h.prod, h.env);

async function report(h: ScenarioHost, ...words: string[]): Promise<Report> {
  const { code, stdout } = await runCommand(['just', 'doctor', '--json', ...words], h.prod, h.env);
  const read = JSON.parse(stdout) as Report;
  expect(read.exit).toBe(code);
  expect(read.ready).toBe(code === 0);
  return read;
}

const of = ({ checks }: Report, id: string) => checks.find(({ check }) => check === id)?.findings ?? [];
const failed = (read: Report, id: string) => of(read, id).filter(({ outcome }) => outcome === 'fail');

/** What doctor prints for people of a check's failures: what is wrong, and the lines for a shell below it. */
async function printed(h: ScenarioHost, id: string): Promise<{ says: string; lines: string[] }> {
  const { stdout } = await runCommand(['just', 'doctor'], h.prod, h.env);
  const lines = stdout.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`FAIL    ${id} `));
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => !line.startsWith('        '));
  return { says: lines[at] ?? '', lines: rest.slice(0, end).map((line) => line.trim()) };
}

/** It fails as said; the printed line, typed as it is, mends it. */
async function mends(h: ScenarioHost, id: string, what: string | RegExp): Promise<void> {
  const { says, lines } = await printed(h, id);
  expect(says).toMatch(what);
  const [line = 'false'] = lines;
  const { code, text } = await type(h, line);
  expect([line, code, code === 0 ? '' : text]).toEqual([line, 0, '']);
  expect(failed(await report(h), id)).toEqual([]);
}

onBoth(
  'doctor',
  // Kept images are named after services: those of another file's hosts would be taken for ours.
  { services: { alpha: {}, beta: {} }, env: { ALPHA_TOKEN: 'correct-horse-battery' }, ownEngine: true },
  (host, runtime) => {
    test('a new host: what is missing, what --fix does, and then it is ready', async () => {
      const h = host();
      const before = await h.fingerprint();
      const first = await report(h);
      expect(first.exit).toBe(1);
      expect(failed(first, 'backups').map(({ what }) => what)).toEqual(['alpha has no backup', 'beta has no backup']);
      expect(failed(first, 'modes')[0]?.mends[0]?.safe).toBe(true);
      expect(await h.fingerprint()).toEqual(before);

      chmodSync(join(h.prod, '.asd/workspace/releases'), 0o755);
      const fixed = await runCommand(['just', 'doctor', '--fix'], h.prod, h.env);
      expect(fixed.code).toBe(1);
      expect(fixed.text).toContain(`mended: chmod go-rwx ${h.prod}/.asd/workspace/releases`);
      expect(fixed.text).not.toContain('correct-horse');
      expect(failed(await report(h), 'modes')).toEqual([]);
      expect(readdirSync(join(h.prod, '.asd/workspace/backups'))).toEqual([]);

      for (const line of ['just release-backup alpha', 'just release-backup beta'])
        expect((await type(h, line)).code).toBe(0);
      const ready = await runCommand(['just', 'doctor'], h.prod, h.env);
      expect(ready.text).toContain('Ready: 0 failed');
      expect(ready.code).toBe(0);
    });

    // What follows looks at records and files, which are the same on every runtime.
    if (runtime === 'compose') return;

    test('only the services that were asked for', async () => {
      const h = host();
      const { text } = await runCommand(['just', 'doctor', 'alpha'], join(h.prod, 'packages'), h.env);
      expect(text).toContain('alpha: the newest is');
      expect(text).not.toContain('beta: the newest is');
      const wrong = await runCommand(['just', 'doctor', 'gamma'], h.prod, h.env);
      expect([wrong.code, wrong.text]).toEqual([2, expect.stringContaining('gamma is no installed service')]);
    });

    test('a halted release fails until it is gone on with; --run says how', async () => {
      const h = host();
      const ready = join(h.folder, 'ready');
      const hook = `import { existsSync } from 'node:fs';\nif (!existsSync('${ready}')) process.exit(3);\n`;
      await h.push(await h.service('alpha', '3', { files: { 'scripts/ensure-config.ts': hook } }));
      expect((await h.run('run', ['DOC-2'])).code).toBe(1);
      const said = await runCommand(['just', 'doctor', '--run=DOC-2'], h.prod, h.env);
      expect(said.code).toBe(1);
      expect(said.text).toContain('DOC-2 is halted in migrate');
      expect(said.text).toContain('just release-run DOC-2 --resume');
      writeFileSync(ready, '');
      await mends(h, 'releases', 'DOC-2 is halted in migrate');
      const well = await runCommand(['just', 'doctor', '--run=DOC-2', '--json'], h.prod, h.env);
      expect([well.code, JSON.parse(well.stdout)]).toEqual([0, expect.objectContaining({ done: true, next: [] })]);
      expect((await runCommand(['just', 'doctor', '--run=NONE-1'], h.prod, h.env)).code).toBe(4);
    });

    test('a release in the middle holds the lock, and nothing is mended meanwhile', async () => {
      const h = host();
      const gate = join(h.folder, 'gate-hold');
      writeFileSync(gate, '');
      const hook = `import { existsSync } from 'node:fs';\nwhile (existsSync('${gate}')) await Bun.sleep(20);\n`;
      await h.push(await h.service('alpha', '4', { files: { 'scripts/ensure-config.ts': hook } }));
      const running = h.start('run', ['DOC-3']);
      await h.event('DOC-3', { event: 'step-start', step: 'ensure-config' });
      expect(failed(await report(h), 'lock')[0]?.what).toContain('release-run DOC-3');
      chmodSync(join(h.prod, '.env'), 0o644);
      const told = await runCommand(['just', 'doctor', '--fix'], h.prod, h.env);
      expect(told.text).toContain('Nothing is mended while release-run DOC-3 runs');
      const { lines } = await printed(h, 'lock');
      h.openGate('hold');
      expect((await type(h, lines[0] ?? 'false')).code).toBe(0);
      await running.ended;
      expect(failed(await report(h, '--fix'), 'lock')).toEqual([]);
    });
  },
);
