// The operators' pages, followed to the letter: the commands are taken out of the pages, and only the words in capitals are filled in.
import { expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packed } from './harness/engines.ts';
import type { ScenarioHost } from './harness/host.ts';
import { mustRun, runCommand } from './harness/process.ts';
import { seed, stateOf, use, withData } from './harness/proof.ts';
import { onBoth } from './harness/runtimes.ts';

/** The block of a page that holds the given words. */
function block(page: string, words: string): string {
  const text = readFileSync(join(import.meta.dir, '../../docs', page), 'utf8');
  const found = [...text.matchAll(/^ *```\n(.*?)^ *```/gms)]
    .map(([, each = '']) => each)
    .find((each) => each.includes(words));
  if (found === undefined) throw new Error(`${page} has no block with ${words}`);
  return found.replaceAll(/^ +/gm, '');
}

async function follow(
  h: ScenarioHost,
  lines: string,
  filled: Record<string, string> = {},
  cwd = h.prod,
): Promise<string> {
  const script = Object.entries(filled).reduce((text, [from, to]) => text.replaceAll(from, to), lines);
  const { code, text } = await runCommand(['bash', '-euo', 'pipefail', '-c', script], cwd, h.env);
  expect([script, code, code === 0 ? '' : text]).toEqual([script, 0, '']);
  return text;
}

onBoth('a hotfix, by its page', { services: { alpha: {}, beta: {} } }, (host) => {
  test('from its branch and back', async () => {
    const h = host();
    const base = await h.deployed();
    await h.push(await h.service('beta', '2'), 'somebody else works on main');
    const [begin = ''] = block('hotfix.md', '--create hotfix/login').split('git commit');
    await follow(h, begin, { 'DEPLOYED-COMMIT': base }, h.dev);
    await h.push(await h.service('alpha', '2'), 'Let people log in again', 'hotfix/login');
    expect(await follow(h, block('hotfix.md', '--dry-run'))).toContain('Released FIX-1');
    expect([await h.httpVersion('alpha'), await h.httpVersion('beta')]).toEqual(['2', '1']);
    const reminded = await runCommand(['just', 'doctor'], h.prod, h.env);
    expect(reminded.text).toMatch(/warn +git-branch .*a hotfix is deployed\n +just release-return-to-main/);
    expect((await h.run('run', ['OTHER-1'])).code).toBe(4);
    const early = await h.run('return-to-main');
    expect(early.code).toBe(4);

    await h.git(h.dev, 'switch', '--quiet', 'main');
    const somebody = ['-c', 'user.name=Developer', '-c', 'user.email=developer@example.org'];
    await h.git(h.dev, ...somebody, 'merge', '--quiet', '--squash', 'hotfix/login');
    await h.push({}, 'squash of the hotfix');
    await follow(h, block('hotfix.md', 'just release-return-to-main'));
    const ids = await h.containerIds('alpha');
    await follow(h, block('hotfix.md', 'just release-run TICKET'), { TICKET: 'NEXT-1' });
    expect([await h.httpVersion('alpha'), await h.httpVersion('beta')]).toEqual(['2', '2']);
    expect(await h.containerIds('alpha')).toEqual(ids);
  });
});

onBoth(
  'the remote is gone, by its page',
  { services: { alpha: {} } },
  (host) => {
    test('a new one is made from the host', async () => {
      const h = host();
      renameSync(h.origin, `${h.origin}.gone`);
      const place = join(h.folder, 'new-origin.git');
      const lines = block('disaster.md', 'git init --bare').replace('just doctor\n', '');
      await follow(h, lines, { '/srv/new-origin.git': place });
      await h.git(h.dev, 'remote', 'set-url', 'origin', place);
      await h.push(await h.service('alpha', '2'));
      expect((await h.run('run', ['NEW-1'])).code).toBe(0);
      expect((await h.run('revert', ['NEW-1'])).code).toBe(0);
      expect(await h.git(place, 'log', '--format=%s', '-1', 'main')).toContain('Revert');
    });
  },
  ['pm2'],
);

onBoth(
  'the engine is gone, by its page',
  () => ({ services: { alpha: {} }, ...packed() }),
  (host) => {
    test('its frozen copy puts the release back', async () => {
      const h = host();
      await h.push(await h.service('alpha', '2'));
      expect((await h.run('run', ['GONE-1'])).code).toBe(0);
      rmSync(join(h.prod, 'node_modules/belay'), { recursive: true });
      expect((await runCommand(['just', 'release-state'], h.prod, h.env)).code).not.toBe(0);
      const said = await follow(h, block('disaster.md', 'E=.asd/workspace/engine'), { TICKET: 'GONE-1' });
      expect(said).toContain('Reverted GONE-1');
      expect(await h.httpVersion('alpha')).toBe('1');
    });
  },
  ['pm2'],
);

onBoth(
  'the host is dead, by its page',
  (runtime) => ({ services: { alpha: withData(runtime, 'alpha'), beta: {} } }),
  (host, runtime) => {
    test('data, settings and services are there again', async () => {
      const h = host();
      await seed(h, 'alpha');
      await use(h, 'alpha');
      expect((await h.run('backup')).code).toBe(0);
      const data = (await stateOf(h, ['alpha', 'beta']))['alpha data'];
      const env = readFileSync(join(h.prod, '.env'), 'utf8');
      const copy = join(h.folder, 'copy');
      mkdirSync(copy);
      await mustRun(['cp', '--archive', join(h.prod, '.asd/workspace/backups'), copy], h.folder, h.env);

      // All that ran on the dead host, its volumes included.
      if (runtime === 'pm2')
        await mustRun(
          [process.execPath, '--bun', join(h.engine, 'node_modules/pm2/bin/pm2'), 'delete', 'all'],
          '/',
          h.env,
        );
      else {
        for (const what of [
          ['ps', '--all'],
          ['volume', 'ls'],
        ]) {
          const ids =
            (await h.docker?.(...what, '--quiet', '--filter', `name=${h.prefix}`))?.stdout
              .split('\n')
              .filter(Boolean) ?? [];
          const rm = what[0] === 'ps' ? ['rm', '--force'] : ['volume', 'rm'];
          if (ids.length > 0) expect((await h.docker?.(...rm, ...ids))?.code).toBe(0);
        }
      }
      rmSync(h.prod, { recursive: true });

      const stamp =
        readdirSync(join(copy, 'backups/alpha'))
          .filter((name) => /^\d{8}_\d{6}$/.test(name))
          .toSorted()
          .at(-1) ?? '';
      const bring = block('disaster.md', 'git clone ENGINE-REPOSITORY').split('\n').slice(1).join('\n');
      await follow(
        h,
        bring,
        { REPOSITORY: h.origin, '/srv/prod': h.prod, '/mnt/copy': copy, SERVICE: 'alpha', STAMP: stamp },
        h.folder,
      );
      expect(readFileSync(join(h.prod, '.env'), 'utf8')).toBe(env);

      if (runtime === 'compose') {
        const [up = '', adopt = ''] = block('disaster.md', 'docker compose --project-name').split('\n');
        for (const name of ['alpha', 'beta']) await follow(h, up, { PROJECT: `${h.prefix}${name}`, SERVICE: name });
        await follow(h, adopt);
        await follow(h, block('disaster.md', 'just release-restore SERVICE STAMP'), { SERVICE: 'alpha', STAMP: stamp });
      } else {
        const text = readFileSync(join(h.prod, '.asd/workspace/backups/alpha', stamp, 'RESTORE.txt'), 'utf8');
        await follow(h, text, {}, join(h.prod, '.asd/workspace/backups/alpha', stamp));
        await follow(h, 'just release-run REBUILD --services=alpha,beta');
      }
      expect((await stateOf(h, ['alpha', 'beta']))['alpha data']).toBe(data ?? 'none');
      expect([await h.httpVersion('alpha'), await h.httpVersion('beta')]).toEqual(['1', '1']);
      const ready = await runCommand(['just', 'doctor', '--fix'], h.prod, h.env);
      expect([ready.code, ready.code === 0 ? '' : ready.text]).toEqual([0, '']);
    });
  },
);
