// kill -9 of the engine, alone or with everything that it started (a power cut), in each phase; then `--resume` ends well.
import { expect, test } from 'bun:test';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Background } from './harness/background.ts';
import type { ScenarioHost } from './harness/host.ts';
import { until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

interface Crash {
  at: string;
  phase: string;
  /** What dies: the engine alone, or its children, too. */
  who: 'engine' | 'all';
  /** Shuts its gate, if it has one. */
  before?(h: ScenarioHost): void;
  /** Resolves when the engine is there. */
  reached(h: ScenarioHost, ticket: string): Promise<unknown>;
  /** Steps that were proven done, and are not begun again. */
  done: string[];
  /** Marks of the whole release, crash and resume: how often each hook and script ran. */
  marks: Record<string, number>;
}

const gate = (h: ScenarioHost, name: string) => join(h.folder, `gate-${name}`);
const shut = (name: string) => (h: ScenarioHost) => writeFileSync(gate(h, name), '');
const marked = (word: string) => (h: ScenarioHost, ticket: string) =>
  until(`the mark ${word}`, () => h.marks().includes(`${ticket}-${word}`));
const inUp = async (h: ScenarioHost, ticket: string) => {
  await h.event(ticket, { event: 'step-start', step: 'up', service: 'alpha' });
  await Bun.sleep(150);
};
const ONCE = { 'pre-alpha': 1, 'post-alpha': 1, 'pre-beta': 1, a: 1, b: 1, 'b-end': 1, e2e: 1 };

const CRASHES: Crash[] = [
  {
    at: 'in a backup',
    phase: 'prepare',
    who: 'engine',
    before: shut('backup'),
    reached: marked('backup'),
    done: ['preflight alpha', 'images alpha'],
    marks: { ...ONCE, backup: 2 },
  },
  {
    at: 'in Advance, git goes on',
    phase: 'prepare',
    who: 'engine',
    before: shut('advance'),
    reached: marked('advance'),
    done: ['backup alpha', 'backup beta', 'images alpha'],
    marks: { ...ONCE, backup: 1 },
  },
  {
    at: 'in Advance, with its git',
    phase: 'prepare',
    who: 'all',
    before: shut('advance'),
    reached: marked('advance'),
    done: ['backup alpha', 'backup beta', 'images alpha'],
    marks: { ...ONCE, backup: 1 },
  },
  {
    at: 'in up, what it started goes on',
    phase: 'migrate',
    who: 'engine',
    reached: inUp,
    done: ['pre-start-init alpha', 'backup alpha', 'advance undefined'],
    marks: { ...ONCE, backup: 1 },
  },
  {
    at: 'in up, with what it started',
    phase: 'migrate',
    who: 'all',
    reached: inUp,
    done: ['pre-start-init alpha', 'backup alpha', 'advance undefined'],
    marks: { ...ONCE, backup: 1 },
  },
  {
    at: 'in a ticket script, which goes on',
    phase: 'ticket',
    who: 'engine',
    before: shut('script'),
    reached: marked('b'),
    done: ['up alpha', 'up beta', 'post-start-init alpha', 'backup alpha'],
    marks: { ...ONCE, backup: 1, b: 2 },
  },
  {
    at: 'in verify',
    phase: 'verify',
    who: 'all',
    before: shut('e2e'),
    reached: marked('e2e'),
    done: ['up alpha', 'up beta', 'post-start-init alpha', 'backup alpha'],
    marks: { ...ONCE, backup: 1, e2e: 2 },
  },
];

const WAIT = (file: string) => `while [ -e '${file}' ]; do sleep 0.02; done`;
/** Where it is told so, a preflight hook makes git's filter fail from then on. */
const SHUT = (folder: string) =>
  `import { existsSync, writeFileSync } from 'node:fs';\nif (existsSync('${folder}/orders')) writeFileSync('${folder}/gate-failure', '');\n`;
let serial = 1;

/** Everything of it marks that it ran, and waits at its gate. */
async function release(h: ScenarioHost, version: string) {
  const mark = (word: string) => `echo $ASD_TICKET-${word} >> '${h.folder}/marks'`;
  const bash = (word: string) => [
    'bash',
    '-c',
    `${mark(word)}; ${WAIT(gate(h, word))}; echo x > \${ASD_BACKUP_DIR:-/dev}/null`,
  ];
  const hook = (word: string) =>
    `import { appendFileSync } from 'node:fs';\nappendFileSync('${h.folder}/marks', process.env.ASD_TICKET + '-${word}\\n');\n`;
  const alpha = await h.service('alpha', version, {
    manifest: {
      backup: { enabled: true, type: ['command'], consistency: 'pause', command: { backup: bash('backup') } },
      e2e: { enabled: true, command: bash('e2e') },
    },
    files: {
      'scripts/preflight.ts': `${hook('preflight')}${SHUT(h.folder)}`,
      'scripts/pre_start_init.ts': hook('pre-alpha'),
      'scripts/post_start_init.ts': hook('post-alpha'),
      'big.slow': `${version}\n`,
    },
  });
  const beta = await h.service('beta', version, { files: { 'scripts/pre_start_init.ts': hook('pre-beta') } });
  return { mark, files: { ...alpha, ...beta, '.gitattributes': '*.slow filter=gate\n' } };
}

onBoth('crash', { services: { alpha: {}, beta: {} } }, (host) => {
  test('a first release brings the hooks', async () => {
    const h = host();
    const filter = `if [ -e '${gate(h, 'advance')}' ] && [ "$PWD" = '${h.prod}' ]; then echo $(cat '${h.folder}/ticket')-advance >> '${h.folder}/marks'; ${WAIT(gate(h, 'advance'))}; fi; [ ! -e '${h.folder}/gate-failure' ] || exit 1; cat`;
    await h.git(h.prod, 'config', 'filter.gate.smudge', filter);
    await h.git(h.prod, 'config', 'filter.gate.clean', 'cat');
    await h.git(h.prod, 'config', 'filter.gate.required', 'true');
    await h.push((await release(h, 'first')).files);
    expect((await h.run('run', ['FIRST'])).code).toBe(0);
  });

  test('Advance fails when half of the files are written', async () => {
    const h = host();
    const files = (await release(h, 'half')).files;
    const target = await h.push({ ...files });
    const [from, before] = [await h.head(), await h.fingerprint()];
    // The preflight hook runs after the stage was made and before Advance.
    writeFileSync(join(h.folder, 'orders'), 'shut');
    const halted = await h.run('run', ['HALF']);
    rmSync(join(h.folder, 'orders'));
    h.openGate('failure');
    expect(halted.code).toBe(1);
    expect(halted.text).toContain('could not be fast-forwarded');
    expect(h.state('HALF')).toMatchObject({ PHASE: 'prepare', RELEASE_STATUS: 'halted', MERGE_SHA: '' });
    expect([await h.head(), (await h.fingerprint()).running]).toEqual([from, before.running ?? '']);

    const resumed = await h.run('run', ['HALF', '--resume']);
    expect(resumed.text).toContain('Released HALF');
    expect(resumed.code).toBe(0);
    expect([await h.head(), await h.deployed()]).toEqual([target, target]);
    expect(await h.git(h.prod, 'status', '--porcelain')).toBe('');
    expect(await Promise.all(['alpha', 'beta'].map(h.httpVersion))).toEqual(['half', 'half']);
  });

  test.each(CRASHES.map((crash) => [crash.at, crash] as const))('%s', async (_, crash) => {
    const h = host();
    serial += 1;
    const [ticket, version] = [`CRASH-${serial}`, `v${serial}`];
    writeFileSync(join(h.folder, 'ticket'), ticket);
    const { mark, files } = await release(h, version);
    const target = await h.push({
      ...files,
      [`releases/${ticket}-a.sh`]: `${mark('a')}\n`,
      [`releases/${ticket}-b.sh`]: `${mark('b')}\n${WAIT(gate(h, 'script'))}\n${mark('b-end')}\n`,
    });
    crash.before?.(h);
    const run: Background = h.start('run', [ticket]);
    await Promise.race([
      crash.reached(h, ticket),
      run.ended.then(({ text }) => Promise.reject(new Error(`it ended before the crash: ${text}`))),
    ]);
    expect((await run.crash(crash.who === 'all' ? 'all' : undefined)).code).not.toBe(0);

    const stands = await h.run('state', [ticket]);
    expect(stands.code).toBe(0);
    expect(stands.text).toContain(`interrupted in ${crash.phase}`);
    expect(stands.text).toContain(`just release-run ${ticket} --resume`);
    expect(h.state(ticket)).toMatchObject({ PHASE: crash.phase, PHASE_STATUS: 'running', RELEASE_STATUS: 'running' });
    await until('nothing is paused any more', async () => (await h.instances('alpha')).every(({ paused }) => !paused));

    const before = h.log(ticket).length;
    const resumed = h.start('run', [ticket, '--resume']);
    await Promise.race([h.event(ticket, { event: 'resumed' }), resumed.ended]);
    for (const name of ['backup', 'advance', 'script', 'e2e']) h.openGate(name);
    const { code, text } = await resumed.ended;
    expect(text).toContain(`Released ${ticket}`);
    expect(code).toBe(0);

    expect(await Promise.all([h.head(), h.deployed()])).toEqual([target, target]);
    expect(await Promise.all(['alpha', 'beta'].map(h.httpVersion))).toEqual([version, version]);
    expect(await h.git(h.prod, 'status', '--porcelain')).toBe('');
    expect(existsSync(join(h.prod, '.git/index.lock'))).toBe(false);
    expect(h.brokenLine(ticket)).toBe(0);
    const again = h
      .log(ticket)
      .slice(before)
      .filter((each) => each.event === 'step-start');
    expect(again.map(({ step, service }) => `${step} ${service}`).filter((each) => crash.done.includes(each))).toEqual(
      [],
    );
    const counted: Record<string, number> = {};
    for (const word of h.marks().filter((each) => each.startsWith(`${ticket}-`))) {
      const name = word.slice(ticket.length + 1);
      counted[name] = (counted[name] ?? 0) + 1;
    }
    expect(counted).toMatchObject(crash.marks);
  });
});
