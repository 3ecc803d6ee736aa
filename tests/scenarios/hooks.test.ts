// Every hook, failing, hanging past its time, and asking for more of it. What a hook does is told by a file beside the host.
import { beforeEach, expect, test } from 'bun:test';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Files } from './harness/kind.ts';
import { onBoth } from './harness/runtimes.ts';

const HOOKS = {
  preflight: { phase: 'prepare', step: 'preflight' },
  pre_start_init: { phase: 'migrate', step: 'pre-start-init' },
  post_start_init: { phase: 'migrate', step: 'post-start-init' },
  'ensure-config': { phase: 'migrate', step: 'ensure-config' },
} as const;
type Hook = keyof typeof HOOKS;

/** Reads its orders: `fail`, `hang` (with a child in a session of its own that ignores TERM), or `later N` (exit 75 N times). */
const script = (folder: string, hook: Hook) => `
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
appendFileSync('${folder}/marks', '${hook}\\n');
const orders = '${folder}/orders-${hook}';
const [order, times] = (existsSync(orders) ? readFileSync(orders, 'utf8') : '').split(' ');
if (order === 'fail') {
  console.log('the licence has expired');
  process.exit(3);
}
if (order === 'later' && Number(times) > 0) {
  writeFileSync(orders, 'later ' + (Number(times) - 1));
  process.exit(75);
}
if (order === 'hang') {
  Bun.spawn(['setsid', 'sh', '-c', 'trap "" TERM; sleep 1000 & wait; sleep 1000'], { stdio: ['ignore', 'ignore', 'ignore'] });
  await Bun.sleep(1_000_000);
}
`;

let serial = 1;

onBoth('hooks', { services: { alpha: {}, beta: {} } }, (host, runtime) => {
  const order = (hook: Hook, what: string | undefined) => {
    const file = join(host().folder, `orders-${hook}`);
    if (what === undefined) rmSync(file, { force: true });
    else writeFileSync(file, what);
  };
  const release = async (timeout: string): Promise<string> => {
    const h = host();
    serial += 1;
    const hooks: Files = Object.fromEntries(
      Object.keys(HOOKS).map((hook) => [`scripts/${hook}.ts`, script(h.folder, hook as Hook)]),
    );
    await h.push(await h.service('alpha', `v${serial}`, { files: hooks, manifest: { release: { timeout } } }));
    return `${runtime}-${serial}`;
  };

  beforeEach(() => {
    for (const hook of Object.keys(HOOKS)) order(hook as Hook, undefined);
  });

  for (const [name, { phase, step }] of Object.entries(HOOKS)) {
    const hook = name as Hook;
    test.each(['fail', 'hang'])(`${hook}: %s`, async (what) => {
      const h = host();
      order(hook, what);
      const ticket = await release(what === 'hang' ? '2s' : '20s');
      const [head, before] = [await h.head(), await h.httpVersion('alpha')];
      const halted = await h.run('run', [ticket]);
      expect(halted.code).toBe(1);
      expect(halted.text).toContain(
        what === 'fail' ? `scripts/${hook}.ts exited 3` : `scripts/${hook}.ts did not end within 2 s`,
      );
      expect(halted.text).toContain(`service alpha, phase ${phase}, step ${step}`);
      if (what === 'fail') expect(halted.text).toContain('| the licence has expired');
      expect(halted.text).toContain(`${ticket} is halted in ${phase}. What comes next:`);
      expect(halted.text).toContain(`just release-run ${ticket} --resume`);
      const [, output = ''] = /all of its output: (\S+)/.exec(halted.text) ?? [];
      expect(readdirSync(join(h.prod, '.asd/workspace/releases', ticket))).toContain(output.split('/').at(-1) ?? '');
      expect(h.state(ticket)).toMatchObject({ PHASE: phase, PHASE_STATUS: 'failed', RELEASE_STATUS: 'halted' });
      expect(h.log(ticket).find((each) => each.event === 'step-failed')).toMatchObject({ step, service: 'alpha' });
      if (phase === 'prepare') {
        expect(h.state(ticket)?.MERGE_SHA).toBe('');
        expect([await h.head(), await h.httpVersion('alpha')]).toEqual([head, before]);
      }
      expect(h.strays()).toEqual([]);

      order(hook, undefined);
      const earlier = h.marks().length;
      const mended = await h.run('run', [ticket, '--resume']);
      expect(mended.text).toContain(`Released ${ticket}`);
      expect(mended.code).toBe(0);
      expect(await h.httpVersion('alpha')).toBe(`v${serial}`);
      const all = Object.keys(HOOKS);
      expect(h.marks().slice(earlier)).toEqual(all.slice(all.indexOf(hook)));
    });
  }

  test('exit 75 twice, and then 0', async () => {
    const h = host();
    for (const hook of Object.keys(HOOKS)) order(hook as Hook, 'later 2');
    const ticket = await release('20s');
    const earlier = h.marks().length;
    const done = await h.run('run', [ticket]);
    expect(done.text).toContain(`Released ${ticket}`);
    expect(done.code).toBe(0);
    expect(h.marks().slice(earlier)).toEqual(Object.keys(HOOKS).flatMap((hook) => [hook, hook, hook]));
    const retries = h.log(ticket).filter((each) => each.event === 'step-retry');
    expect(retries.map(({ step, fields }) => `${step} ${fields.tries}`)).toEqual(
      Object.values(HOOKS).flatMap(({ step }) => [`${step} 2`, `${step} 3`]),
    );
  });

  test('exit 75 past its time is a failure', async () => {
    const h = host();
    order('preflight', 'later 1000');
    const ticket = await release('1s');
    const halted = await h.run('run', [ticket]);
    expect(halted.code).toBe(1);
    expect(halted.text).toContain('preflight.ts');
    expect(h.state(ticket)).toMatchObject({ PHASE: 'prepare', RELEASE_STATUS: 'halted' });
  });
});
