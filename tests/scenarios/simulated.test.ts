// The simulated host against a real one: the same story on both has the same exit codes, and tells the same in its logs.
import { beforeAll, expect, test } from 'bun:test';
import {
  beginWorld,
  packageFiles,
  pushCommit,
  ROOT,
  type ServiceSpec,
} from '../../scripts/dev/simulation/beginning.ts';
import { runSim } from '../../scripts/dev/simulation/run-verb.ts';
import type { World } from '../../scripts/dev/simulation/world.ts';
import { verb as abandon } from '../../scripts/release/abandon.ts';
import { verb as accept } from '../../scripts/release/accept.ts';
import { verb as adopt } from '../../scripts/release/adopt.ts';
import { verb as backup } from '../../scripts/release/backup.ts';
import { verb as returnToMain } from '../../scripts/release/return-to-main.ts';
import { verb as revert } from '../../scripts/release/revert.ts';
import { verb as run } from '../../scripts/release/run.ts';
import type { Verb } from '../../scripts/release/verb.ts';
import type { ScenarioHost, VerbName } from './harness/host.ts';
import type { Files } from './harness/kind.ts';
import { seed as seedData } from './harness/proof.ts';
import { onBoth } from './harness/runtimes.ts';

const SIMULATED = {
  abandon,
  accept,
  backup,
  'return-to-main': returnToMain,
  revert,
  run,
} satisfies Partial<Record<VerbName, Verb>>;
type Name = keyof typeof SIMULATED;

const BACKUP = { enabled: true, type: ['volume', 'config'], volumes: [{ suffix: 'files' }] };
const HEALTH = { endpoint: '/health', timeout: '5s', stable_for: '0s', version_endpoint: '/version' };
const SERVICES = {
  alpha: { priority: 10, backup: BACKUP, health: HEALTH },
  beta: { priority: 20, backup: BACKUP, health: HEALTH },
  gamma: { priority: 30, backup: BACKUP, health: HEALTH },
};
type Service = keyof typeof SERVICES;

/** What a developer pushes: services at a version (null: gone), and other files. */
interface Change {
  versions?: Partial<Record<Service, string | null>>;
  files?: Files;
  /** The name of a ticket's script, which exits so. */
  script?: { name: string; code: number };
  branch?: string;
}

/** A real host or a simulated one. */
interface Place {
  push(change: Change): Promise<void>;
  /** @returns the exit code. */
  run(verb: Name, ...args: string[]): Promise<number | undefined>;
  log(ticket: string): Promise<string>;
}

const entries = ({ versions = {} }: Change) => Object.entries(versions) as Array<[Service, string | null]>;

const scriptOf = ({ script }: Change, text: (code: number) => string): Files =>
  script === undefined ? {} : { [`releases/${script.name}.sh`]: text(script.code) };

function realPlace(h: ScenarioHost): Place {
  return {
    async push(change) {
      const { files = {}, branch = 'main' } = change;
      await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
      const packages = await Promise.all(
        entries(change).map(async ([name, version]): Promise<Files> => {
          const made = await h.service(name, version ?? '1', { manifest: SERVICES[name] });
          return version === null ? Object.fromEntries(Object.keys(made).map((path) => [path, null])) : made;
        }),
      );
      const scripts = scriptOf(change, (code) => `exit ${code}\n`);
      await h.push(Object.assign({}, ...packages, scripts, files), 'change', branch);
      if (branch !== 'main') await h.git(h.dev, 'reset', '--quiet', '--hard', 'origin/main');
    },
    run: async (verb, ...args) => (await h.run(verb, args)).code,
    log: (ticket) => Bun.file(`${h.prod}/.asd/workspace/releases/${ticket}.log`).text(),
  };
}

const spec = (name: Service, version: string): ServiceSpec => ({ version, manifest: SERVICES[name] });

function simulatedPlace(world: World): Place {
  return {
    async push(change) {
      const packages = entries(change).map(([name, version]) =>
        version === null ? { [`packages/${name}/`]: null } : packageFiles(name, spec(name, version)),
      );
      const scripts = scriptOf(change, (code) => (code === 0 ? 'true\n' : `fail ${code}\n`));
      pushCommit(world, Object.assign({}, ...packages, scripts, change.files ?? {}), 'change', change.branch ?? 'main');
    },
    run: async (verb, ...args) => (await runSim(world, SIMULATED[verb], args)).code,
    log: async (ticket) =>
      new TextDecoder().decode(world.disk.get(`${ROOT}/.asd/workspace/releases/${ticket}.log`).data),
  };
}

/** What a log tells, without what differs from run to run. */
const told = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) =>
      ['phase', 'event', 'step', 'service'].map((key) => new RegExp(` ${key}=(\\S+)`).exec(line)?.[1] ?? '-').join(' '),
    )
    // Retries and the order of what is parallel are the machine's.
    .filter((line) => !/ (?:step-retry|notice) /.test(line))
    .toSorted();

interface Story {
  name: string;
  /** On which tickets it works. */
  tickets: readonly string[];
  /** Leaves alpha and beta healthy, and no release open. @returns exit codes. */
  act(place: Place): Promise<Array<number | undefined>>;
  codes: readonly number[];
}

/** Told one after the other on one host. */
const STORIES: readonly Story[] = [
  {
    name: 'a release of two services with a script, and its revert',
    tickets: ['SAME-1'],
    async act(at) {
      await at.push({ versions: { alpha: '2', beta: '2' }, script: { name: 'SAME-1-note', code: 0 } });
      return [await at.run('run', 'SAME-1'), await at.run('revert', 'SAME-1')];
    },
    codes: [0, 0],
  },
  {
    name: 'a release that halts on a sick service, and its revert',
    tickets: ['SICK-1'],
    async act(at) {
      await at.push({ versions: { alpha: '3', beta: 'sick-3' } });
      return [
        await at.run('run', 'SICK-1'),
        await at.run('run', 'SICK-1', '--resume'),
        await at.run('revert', 'SICK-1'),
      ];
    },
    codes: [1, 1, 0],
  },
  {
    name: 'a release that puts itself back',
    tickets: ['AUTO-1'],
    async act(at) {
      await at.push({ versions: { alpha: '4', beta: 'sick-4' } });
      return [await at.run('run', 'AUTO-1', '--auto-revert')];
    },
    codes: [6],
  },
  {
    name: 'a script that fails, and a release that supersedes its own',
    tickets: ['BAD-1', 'GOOD-1'],
    async act(at) {
      await at.push({ versions: { alpha: '5' }, script: { name: 'BAD-1-bad', code: 3 } });
      const first = await at.run('run', 'BAD-1');
      await at.push({ versions: { alpha: '6' } });
      return [first, await at.run('run', 'GOOD-1', '--supersedes=BAD-1', '--reason=mended')];
    },
    codes: [1, 0],
  },
  {
    name: 'a halted release that is given up',
    tickets: ['GONE-1', 'MEND-1'],
    async act(at) {
      await at.push({ versions: { beta: 'sick-7' } });
      const codes = [await at.run('run', 'GONE-1'), await at.run('abandon', 'GONE-1', '--reason=no')];
      await at.push({ versions: { beta: '7' } });
      return [...codes, await at.run('run', 'MEND-1')];
    },
    codes: [1, 0, 0],
  },
  {
    name: 'a release whose verify is skipped, and which is accepted',
    tickets: ['SKIP-1'],
    async act(at) {
      await at.push({ versions: { alpha: '9' } });
      return [
        await at.run('run', 'SKIP-1', '--skip-verify', '--reason=trial'),
        await at.run('accept', 'SKIP-1', '--reason=looked'),
      ];
    },
    codes: [8, 0],
  },
  {
    name: 'the checkout alone, and a service that did not change',
    tickets: ['MOVE-1', 'SAME-2'],
    async act(at) {
      await at.push({ files: { 'README.md': 'words\n' } });
      return [await at.run('run', 'MOVE-1', '--advance-only'), await at.run('run', 'SAME-2', '--services=alpha')];
    },
    codes: [0, 0],
  },
  {
    name: 'a service comes, and goes, and comes back',
    tickets: ['ADD-1', 'DROP-1'],
    async act(at) {
      await at.push({ versions: { gamma: '1' } });
      const added = await at.run('run', 'ADD-1');
      await at.push({ versions: { gamma: null } });
      return [added, await at.run('run', 'DROP-1'), await at.run('revert', 'DROP-1')];
    },
    codes: [0, 0, 0],
  },
  {
    name: 'a hotfix, and the return to main',
    tickets: ['HOT-1'],
    async act(at) {
      await at.push({ versions: { alpha: '10' }, branch: 'hotfix/x' });
      const fixed = await at.run('run', 'HOT-1', 'hotfix/x', '--force-allow-non-main');
      await at.push({ versions: { alpha: '10' } });
      return [fixed, await at.run('return-to-main')];
    },
    codes: [0, 0],
  },
  {
    name: 'a backup by hand',
    tickets: [],
    act: async (at) => [await at.run('backup', 'alpha')],
    codes: [0],
  },
];

onBoth(
  'simulated and real',
  { services: { alpha: { manifest: SERVICES.alpha }, beta: { manifest: SERVICES.beta } }, later: ['gamma'] },
  (host) => {
    let world: World | undefined;
    const simulated = async (): Promise<World> => {
      if (world !== undefined) return world;
      world = beginWorld({ alpha: spec('alpha', '1'), beta: spec('beta', '1') });
      await runSim(world, adopt, ['--no-backup']);
      return world;
    };

    beforeAll(async () => {
      for (const service of ['alpha', 'beta']) await seedData(host(), service);
    });

    test.each(STORIES.map((story) => [story.name, story] as const))('%s', async (_, { act, codes, tickets }) => {
      const places = [simulatedPlace(await simulated()), realPlace(host())] as const;
      const [inSimulation, inReality] = [await act(places[0]), await act(places[1])];
      expect({ inSimulation, inReality }).toEqual({ inSimulation: [...codes], inReality: [...codes] });
      for (const ticket of tickets)
        expect([ticket, told(await places[0].log(ticket))]).toEqual([ticket, told(await places[1].log(ticket))]);
    });
  },
  ['compose'],
);
