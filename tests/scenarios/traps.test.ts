// A host repository full of files that Bun reads by itself: none of them has an effect on a release.
import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

const EVIL = `import { appendFileSync } from 'node:fs';
appendFileSync(process.env.HOME + '/sprung', process.argv.join(' ') + '\\n');
export const parse = () => ({}); export const z = {}; export const $ = () => {}; export default {};
`;
const BUNFIG = 'preload = ["./evil.ts"]\nenv = true\n[install]\nauto = "force"\n[run]\nbun = false\n';
const TSCONFIG = JSON.stringify({ compilerOptions: { baseUrl: '.', paths: { '*': ['./evil.ts'] } } });
const PACKAGE = JSON.stringify({
  imports: { yaml: './evil.ts' },
  browser: { yaml: './evil.ts' },
  workspaces: ['packages/*'],
});

const inFolder = (folder: string): Record<string, string> => ({
  [`${folder}evil.ts`]: EVIL,
  [`${folder}bunfig.toml`]: BUNFIG,
  [`${folder}.bunfig.toml`]: BUNFIG,
  [`${folder}tsconfig.json`]: TSCONFIG,
  [`${folder}jsconfig.json`]: TSCONFIG,
});
onBoth(
  'traps',
  (runtime) => ({
    // A pm2 service is a Bun of its own in its package: what these files say there is meant for it.
    services: { alpha: { files: runtime === 'pm2' ? {} : inFolder('') } },
    files: {
      ...inFolder(''),
      ...(runtime === 'pm2' ? { 'tsconfig.json': null, 'jsconfig.json': null } : {}),
      'package.json': PACKAGE,
      ...inFolder('.asd/'),
      ...inFolder('releases/'),
    },
    env: { TRAP: 'env', ASD_ENGINE: '/nonexistent', NODE_OPTIONS: '--require=./evil.ts', GIT_DIR: '/nonexistent' },
  }),
  (host) => {
    test('a release walks through all of them', async () => {
      const h = host();
      const target = await h.push({
        ...(await h.service('alpha', '2', {
          files: {
            'scripts/preflight.ts': `import { parse } from 'yaml';\nif (parse('a: 1').a !== 1) throw new Error('not yaml');\n${h.hook('preflight')}`,
            'scripts/post_start_init.ts': h.hook('post'),
          },
        })),
        'releases/TRAP-1-data.ts': `import { $ } from 'zx';\nawait $\`true\`;\n${h.hook('script')}`,
      });
      const done = await runCommand(['just', 'release-run', 'TRAP-1'], join(h.prod, 'packages', 'alpha'), h.env);
      expect({ ...done, text: done.text.includes('Released TRAP-1') }).toMatchObject({ text: true });
      expect(done.code).toBe(0);
      expect(h.marks()).toEqual(['preflight', 'post', 'script']);
      expect(await Promise.all([h.head(), h.deployed(), h.httpVersion('alpha')])).toEqual([target, target, '2']);
      for (const verb of ['state', 'list', 'check'] as const) await h.run(verb);
      expect(existsSync(join(h.folder, 'sprung'))).toBe(false);
      expect(existsSync(join(h.prod, 'node_modules'))).toBe(false);
    });

    test('they do catch a bare Bun', async () => {
      const h = host();
      await runCommand([process.execPath, '-e', '1'], h.prod, h.env);
      expect(existsSync(join(h.folder, 'sprung'))).toBe(true);
    });
  },
);
