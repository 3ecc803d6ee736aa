// Scripts that misbehave. After each of them: no process of ours, a whole log, bounded memory and disk, no secret, nothing that drives a terminal.
import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openEnclosure } from '../../scripts/host/enclosure.ts';
import { allPids } from '../../scripts/host/proc.ts';
import type { Background } from './harness/background.ts';
import { ENDS, FAILS, NOBODYS, TOKEN } from './harness/misbehaving.ts';
import { commandLine, isAlive, kill, type Result, until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

/** Peak memory of the engine itself; a flood that it kept would be 200 MB and more. */
const MEMORY_KB = 200_000;
/** First and last 5 MB of what a script said, and some words. */
const OUTPUT_BYTES = 11 * 1024 * 1024;

/** Where this machine offers control groups: what has no mark is found, too. */
const probe = openEnclosure(`misbehaving-${process.pid}`);
const encloses = probe !== undefined;
await probe?.end();

let serial = 0;

onBoth(
  'scripts that misbehave',
  { services: { alpha: {}, beta: {} }, env: { API_TOKEN: `'${TOKEN}'` } },
  (host) => {
    const releases = () => join(host().prod, '.asd/workspace/releases');
    const next = () => {
      serial += 1;
      return `BAD-${serial}`;
    };
    const preflight = async (text: string, timeout: '1s' | '60s'): Promise<void> => {
      const files = { 'scripts/preflight.ts': text };
      await host().push(await host().service('alpha', `v${serial}`, { files, manifest: { release: { timeout } } }));
    };

    /** What the engine needed at most, in kB, read while it runs. */
    const watched = async (run: Background): Promise<Result & { peakKb: number }> => {
      let [peakKb, over] = [0, false];
      const engine = run.engine().catch(() => 0);
      const ended = run.ended.finally(() => {
        over = true;
      });
      const pid = await engine;
      while (!over && pid !== 0) {
        peakKb = Math.max(peakKb, peakOf(pid));
        await Bun.sleep(10);
      }
      return { ...(await ended), peakKb };
    };

    /** What the scripts of a release said, as it was kept. */
    const said = (ticket: string): string =>
      readdirSync(join(releases(), ticket))
        .filter((name) => name.includes('script'))
        .filter((name) => statSync(join(releases(), ticket, name)).isFile())
        .map((name) => readFileSync(join(releases(), ticket, name), 'latin1'))
        .join('');

    const inspect = (ticket: string, result: Result & { peakKb: number }) => {
      const h = host();
      expect(h.strays()).toEqual([]);
      if (encloses) expect(allPids().filter((pid) => commandLine(pid).includes(NOBODYS))).toEqual([]);
      expect(h.brokenLine(ticket)).toBe(0);
      expect(result.peakKb).toBeGreaterThan(1_000);
      expect(result.peakKb).toBeLessThan(MEMORY_KB);
      const folder = join(releases(), ticket);
      const written = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
      const texts = [result.text, readFileSync(join(releases(), `${ticket}.log`), 'latin1')];
      for (const entry of written.filter((each) => each.isFile())) {
        const path = join(entry.parentPath, entry.name);
        expect(statSync(path).size).toBeLessThan(OUTPUT_BYTES);
        expect(statSync(path).mode & 0o77).toBe(0);
        // Copies of what was released are what they are.
        if (!path.includes('/scripts/')) texts.push(readFileSync(path, 'latin1'));
      }
      for (const text of texts) {
        expect(text.includes(TOKEN)).toBe(false);
        expect(text.includes(btoa(TOKEN))).toBe(false);
      }
      expect(texts.slice(0, 2).filter((text) => /[\0-\x08\x0b-\x1f\x7f]/.test(text))).toEqual([]);
    };

    test.each(ENDS.map((each) => [each.name, each] as const))('%s: released', async (_name, { language, text }) => {
      const h = host();
      const ticket = next();
      await h.push({ [`releases/${ticket}-odd.${language}`]: `${text}\n` });
      const done = await watched(h.start('run', [ticket]));
      expect(done.text).toContain(`Released ${ticket}`);
      expect(done.code).toBe(0);
      inspect(ticket, done);
      expect(h.log(ticket).filter((each) => each.fields.ticket !== ticket)).toEqual([]);
      if (text.includes('$API_TOKEN')) expect(said(ticket).match(/\*\*\*/g)?.length).toBe(3);
    });

    test.each(FAILS.map((each) => [each.name, each] as const))('%s: halted', async (_name, { text, told }) => {
      const h = host();
      const ticket = next();
      const [head, ids] = [await h.head(), await h.containerIds('alpha')];
      await preflight(text, String(told).includes('within 1 s') ? '1s' : '60s');
      const halted = await watched(h.start('run', [ticket]));
      expect(halted.text).toMatch(told ?? /preflight/);
      expect(halted.text).toContain(`just release-run ${ticket} --resume`);
      expect(halted.code).toBe(1);
      expect([await h.head(), await h.containerIds('alpha')]).toEqual([head, ids]);
      inspect(ticket, halted);
    });

    test('kill -9 of the engine by a hook: the hook is ended, and the release goes on', async () => {
      const h = host();
      const ticket = next();
      const once = join(h.folder, 'killed-once');
      await preflight(
        `
        import { existsSync, writeFileSync } from 'node:fs';
        if (!existsSync('${once}')) {
          writeFileSync('${once}', String(process.pid));
          process.kill(process.ppid, 'SIGKILL');
          await Bun.sleep(1_000_000);
        }`,
        '60s',
      );
      const killed = await h.start('run', [ticket]).ended;
      expect(killed.code).not.toBe(0);
      const state = await h.run('state', [ticket]);
      expect(state.text).toContain(`just release-run ${ticket} --resume`);
      const left = Number(readFileSync(once, 'utf8'));
      const resumed = await h.run('run', [ticket, '--resume']);
      expect(resumed.text).toContain(`Released ${ticket}`);
      expect(resumed.code).toBe(0);
      expect(isAlive(left)).toBe(false);
      expect(h.brokenLine(ticket)).toBe(0);
    });

    test('a hook that asks the engine to stop', async () => {
      const h = host();
      const ticket = next();
      await h.push({ [`releases/${ticket}-stop.sh`]: 'kill -TERM $PPID; sleep 0.3\n' });
      const stopped = await h.run('run', [ticket]);
      expect(stopped.code).toBe(8);
      expect((await h.run('run', [ticket, '--resume'])).code).toBe(0);
    });

    test('a script that freezes the engine for a while', async () => {
      const h = host();
      const ticket = next();
      const frozen = join(h.folder, 'frozen');
      await h.push({ [`releases/${ticket}-freeze.sh`]: `echo $PPID > '${frozen}'; kill -STOP $PPID; sleep 0.5\n` });
      const run = h.start('run', [ticket]);
      const pid = Number(
        await until('the engine stands still', () => existsSync(frozen) && readFileSync(frozen, 'utf8').trim()),
      );
      const other = await h.run('run', [next()]);
      expect(other.code).toBe(3);
      kill(pid, 'SIGCONT');
      const done = await run.ended;
      expect(done.text).toContain(`Released ${ticket}`);
      expect(done.code).toBe(0);
    });

    test('a script that edits the checkout, or commits to it, is found out', async () => {
      const h = host();
      const ticket = next();
      await h.push({
        [`releases/${ticket}-edit.sh`]: 'cd "$ASD_ROOT" && echo "# edited" >> packages/beta/manifest.yaml\n',
      });
      const halted = await h.run('run', [ticket]);
      expect(halted.text).toContain('Drift: tracked files were changed in the checkout while the release ran');
      expect(halted.text).toContain('packages/beta/manifest.yaml');
      expect(halted.code).toBe(1);
      await h.git(h.prod, 'checkout', '--', 'packages/beta/manifest.yaml');
      const resumed = await h.run('run', [ticket, '--resume']);
      expect(resumed.code).toBe(0);

      const second = next();
      await h.push({
        [`releases/${second}-commit.sh`]: 'cd "$ASD_ROOT" && git commit --quiet --allow-empty -m sneaked\n',
      });
      const moved = await h.run('run', [second]);
      expect(moved.text).toContain('Drift: HEAD is');
      expect(moved.code).toBe(1);
      await h.git(h.prod, 'reset', '--quiet', '--keep', 'HEAD^');
      expect((await h.run('run', [second, '--resume'])).code).toBe(0);
    });

    test('exit 0 having done nothing: the service is looked at all the same', async () => {
      const h = host();
      const ticket = next();
      const files = {
        'scripts/preflight.ts': null,
        'scripts/post_start_init.ts': '// begins the service again, some day\n',
      };
      const manifest = { health: { endpoint: '/health', timeout: '1s', stable_for: '0s' } };
      await h.push(await h.service('alpha', `sick-${serial}`, { files, manifest }));
      const halted = await h.run('run', [ticket]);
      expect(halted.text).toContain('alpha is not healthy');
      expect(halted.code).toBe(1);
      await h.push(await h.service('alpha', `v${serial}`, { files: { 'scripts/preflight.ts': null } }));
      const mended = await h.run('run', [next(), `--supersedes=${ticket}`, '--reason=trial']);
      expect(mended.code).toBe(0);
    });

    test('a script that writes into the log of its own release', async () => {
      const h = host();
      const ticket = next();
      await h.push({
        [`releases/${ticket}-note.sh`]: `echo "a note" >> '${join(releases(), `${ticket}.log`)}'\n`,
      });
      const done = await h.run('run', [ticket]);
      const state = await h.run('state', [ticket]);
      expect(state.text).toMatch(/line \d+/);
      expect(h.brokenLine(ticket)).toBeGreaterThan(0);
      expect([0, 1]).toContain(done.code);
    });
  },
  ['pm2'],
);

function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch (error) {
    // It ended while we looked.
    if (error instanceof Error && 'code' in error) return 0;
    throw error;
  }
}
