// A repository that contains the engine, and a release that changes the engine's own files under its feet.
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { contained } from './harness/engines.ts';
import { shutGate } from './harness/gate.ts';
import type { ScenarioHost } from './harness/host.ts';
import { commandLine } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

const BROKEN = "throw new Error('this engine cannot even be loaded');\n";
/** Whatever of the engine could be loaded late. */
const LOADED = [
  'main',
  'run',
  'perform',
  'resume',
  'verb',
  'front',
  'state',
  'steps/verify',
  'steps/hooks',
  'steps/migrate',
];

/** Breaks the engine's files in dev, or mends them again. */
const engineFiles = (h: ScenarioHost, head: string) =>
  Object.fromEntries(
    LOADED.map((name) => `scripts/release/${name}.ts`).map((path) => [
      path,
      head + readFileSync(join(h.dev, path), 'utf8'),
    ]),
  );

onBoth('own engine', { services: { alpha: {} }, ...contained() }, (host) => {
  test('the release that breaks the engine is finished by the engine that began it', async () => {
    const h = host();
    const before = engineFiles(h, '');
    const gate = shutGate(h.folder, 'broken');
    const base = await h.head();
    const target = await h.push({
      ...(await h.service('alpha', '2', { files: { 'scripts/pre_start_init.ts': h.hook('pre', gate.wait) } })),
      ...engineFiles(h, BROKEN),
      'releases/OWN-1-data.ts': `import { $ } from 'zx';\nawait $\`true\`;\n${h.hook('script')}`,
    });
    const release = h.start('run', ['OWN-1']);
    await h.event('OWN-1', { event: 'step-start', step: 'pre-start-init' });
    expect(await h.head()).toBe(target);
    expect(readFileSync(join(h.prod, 'scripts/release/perform.ts'), 'utf8')).toStartWith(BROKEN);
    const engine = h.state('OWN-1')?.ENGINE ?? '';
    const frozen = join(h.prod, '.asd/workspace/engine', engine);
    const pid = await release.engine();
    expect(commandLine(pid)).toContain(`${frozen}/engine.js release-run OWN-1`);
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
    expect(maps).toContain(`${realpathSync(frozen)}/bun`);
    gate.open();
    const { code, text } = await release.ended;
    expect(text).toContain("The engine's own files change: scripts/release/");
    expect(text).toContain('Released OWN-1');
    expect(code).toBe(0);
    expect(h.marks()).toEqual(['pre', 'script']);
    expect(h.state('OWN-1')).toMatchObject({ BASE_SHA: base, MERGE_SHA: target, ENGINE: engine });
    expect(await h.httpVersion('alpha')).toBe('2');
    // What was released is broken, and says so.
    expect((await h.run('state')).code).not.toBe(0);
    await h.push({ ...(await h.service('alpha', '2-mended')), ...before });
    await h.git(h.prod, 'pull', '--quiet', '--ff-only');
    expect((await h.run('state', ['OWN-1'])).code).toBe(0);
    expect((await h.run('run', ['OWN-2'])).code).toBe(0);
    expect(h.state('OWN-2')?.ENGINE).toBe(engine);
  });

  test('a release that halted is gone on with by the engine that began it', async () => {
    const h = host();
    const path = 'scripts/release/steps/verify.ts';
    const target = await h.push({
      ...(await h.service('alpha', '3')),
      [path]: `throw new Error('not this one');\n${readFileSync(join(h.dev, path), 'utf8')}`,
      'releases/OWN-3-data.sh': `${h.mark('data')}[ -e '${h.folder}/wanted' ] || exit 1\n`,
    });
    const halted = await h.run('run', ['OWN-3']);
    expect(halted.code).toBe(1);
    const engine = h.state('OWN-3')?.ENGINE ?? '';
    expect(engine).toMatch(/^[0-9a-f]{16}$/);
    expect(await h.head()).toBe(target);

    await Bun.write(join(h.folder, 'wanted'), '');
    const resumed = await h.run('run', ['OWN-3', '--resume']);
    expect(resumed.text).toContain('Released OWN-3');
    expect(resumed.code).toBe(0);
    expect(h.log('OWN-3').some(({ event }) => event === 'drift-accepted')).toBe(false);
    expect(h.state('OWN-3')?.ENGINE).toBe(engine);
    expect(await h.httpVersion('alpha')).toBe('3');
    // The next release is the new engine's, and that one cannot be frozen into anything that works: nothing is changed.
    await h.push(await h.service('alpha', '4'));
    const before = await h.fingerprint();
    const next = await h.run('run', ['OWN-4']);
    expect(next.code).not.toBe(0);
    expect(next.text).toContain('not this one');
    expect(await h.fingerprint()).toEqual(before);
    expect(existsSync(join(h.prod, '.asd/workspace/engine', engine))).toBe(true);
  });
});
