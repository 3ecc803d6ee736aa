// Looking without touching: --dry-run and release-check print the whole plan, and leave everything as it was.
import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ScenarioHost } from './harness/host.ts';
import { onBoth } from './harness/runtimes.ts';

/** Every file, link and empty folder below a folder, `.asd/workspace/cache` apart. */
function everything(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((each) => [each, join(each.parentPath, each.name)] as const)
    .filter(([, path]) => !path.startsWith(join(root, '.asd/workspace/cache')))
    .map(([each, path]) => {
      if (each.isSymbolicLink()) return `${path} -> ${readlinkSync(path)}`;
      return each.isFile() ? `${path} ${createHash('sha256').update(readFileSync(path)).digest('hex')}` : `${path}/`;
    })
    .toSorted();
}

async function whole(h: ScenarioHost): Promise<Record<string, unknown>> {
  // The fingerprint's own git refreshes the index; what is compared is read after it.
  const seen = await h.fingerprint();
  const docker = async (...argv: string[]) => (await h.docker?.(...argv))?.stdout.split('\n').toSorted();
  return {
    ...seen,
    files: everything(h.prod),
    images: await docker(
      'image',
      'ls',
      '--all',
      '--no-trunc',
      '--format',
      '{{.ID}} {{.Repository}}:{{.Tag}} {{.Digest}}',
    ),
    containers: await docker('ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.Image}} {{.State}}'),
    volumes: await docker('volume', 'ls', '--quiet'),
  };
}

onBoth(
  'looks',
  { services: { alpha: {}, beta: {}, gamma: {} }, later: ['delta'], ownEngine: true },
  (host, runtime) => {
    test('a dry run and a check change nothing, and say everything', async () => {
      const h = host();
      const hooks = Object.fromEntries(
        ['preflight', 'pre_start_init', 'post_start_init', 'ensure-config'].map((name) => [
          `scripts/${name}.ts`,
          h.hook(name),
        ]),
      );
      const target = await h.push({
        ...(await h.service('alpha', '2', { files: hooks })),
        ...(await h.service('delta', '1')),
        'packages/gamma/': null,
        'releases/LOOK-1-data.sh': h.mark('script'),
        'releases/LOOK-1-data.revert.sh': h.mark('back'),
        'stray.txt': 'whose?\n',
      });
      const before = await whole(h);
      const dry = await h.run('run', ['LOOK-1', '--dry-run']);
      expect(dry.code).toBe(0);
      const check = await h.run('check');
      expect(check.code).toBe(0);
      const json = await h.run('check', ['--json']);
      expect(await whole(h)).toEqual(before);
      expect(h.marks()).toEqual([]);
      expect(h.state('LOOK-1')).toBeUndefined();

      for (const { text } of [dry, check]) {
        expect(text).toContain(`-> ${target.slice(0, 12)}`);
        const part = (name: string): string => new RegExp(`^${name} \\([^]*?(?=\\n\\n)`, 'm').exec(text)?.[0] ?? '';
        expect(part('alpha')).toStartWith(`alpha (changed, ${runtime}, priority 10)`);
        expect(part('alpha')).toMatch(/^ {2}why +packages\/alpha\//m);
        expect(part('alpha')).toMatch(
          runtime === 'pm2'
            ? /^ {2}image +alpha: tree:\w{12} -> tree:\w{12}$/m
            : /^ {2}image +web: \S+\/alpha:1 sha256:\w{12} -> \S+\/alpha:2/m,
        );
        for (const hook of Object.keys(hooks)) expect(part('alpha')).toContain(`packages/alpha/${hook}`);
        expect(part('alpha')).toMatch(/^ {2}backup +config/m);
        expect(part('alpha')).toMatch(/^ {2}expected +unknown, down unknown/m);
        expect(part('alpha')).toMatch(
          runtime === 'pm2' ? /^ {2}reversible +instant$/m : /^ {2}reversible +one-way: alpha writes to volume/m,
        );
        expect(part('delta')).toStartWith('delta (added');
        expect(part('gamma')).toStartWith('gamma (removed');
        expect(part('beta')).toBe('');
        expect(text).toMatch(/stray\.txt/);
        expect(text).toMatch(/^Backups: .* before compression, .* free in /m);
        expect(text).toContain('Expected duration: unknown');
        expect(text).toMatch(/^Reversible: /m);
        expect(text).toContain('Nothing was changed.');
      }
      expect(dry.text).toContain('releases/LOOK-1-data.sh  (taken back by releases/LOOK-1-data.revert.sh)');
      const plan = JSON.parse(json.stdout) as { targetSha: string; services: Array<{ name: string; change: string }> };
      expect(plan.targetSha).toBe(target);
      expect(plan.services.map(({ name, change }) => `${name} ${change}`).toSorted()).toEqual([
        'alpha changed',
        'delta added',
        'gamma removed',
      ]);

      expect((await h.run('run', ['LOOK-1'])).code).toBe(0);
      expect(h.marks()).toEqual(['preflight', 'pre_start_init', 'post_start_init', 'ensure-config', 'script']);
    });

    test('a check of a branch, or of a local commit', async () => {
      const h = host();
      await h.git(h.dev, 'checkout', '--quiet', '-b', 'feature/one');
      const feature = await h.push(await h.service('beta', '2'), 'beta 2', 'feature/one');
      await h.git(h.dev, 'checkout', '--quiet', 'main');
      const before = await whole(h);
      const incoming = await h.run('check', ['--incoming=feature/one']);
      expect(incoming.code).toBe(0);
      expect(incoming.text).toContain(feature.slice(0, 12));
      expect(incoming.text).toContain('beta (changed');
      const nothing = await h.run('check');
      expect(nothing.code).toBe(5);
      expect((await h.run('check', ['--incoming=../x'])).code).toBe(2);
      expect((await h.run('check', ['--incoming=nowhere'])).code).toBe(4);
      expect((await h.run('check', ['--diff=nowhere'])).code).toBe(2);
      expect((await h.run('check', ['--diff=HEAD', '--incoming=main'])).code).toBe(2);
      expect(await whole(h)).toEqual(before);

      await h.git(h.prod, 'fetch', '--quiet', 'origin');
      const fetched = await whole(h);
      const local = await h.run('check', [`--diff=${feature.slice(0, 10)}`]);
      expect(local.text).toContain('beta (changed');
      expect(local.code).toBe(0);
      expect(await whole(h)).toEqual(fetched);
    });

    test('what earlier releases took is what is expected', async () => {
      const h = host();
      await h.push(await h.service('alpha', '3'));
      const check = await h.run('check');
      expect(check.text).toMatch(/^ {2}expected +[\d.]+ s, down [\d.]+ s/m);
      expect(check.text).toMatch(/Expected duration: [\d.]+ s/);
    });
  },
);
