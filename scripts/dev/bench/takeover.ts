// Measurement 10: `just release-adopt --draft` and `--dry-run` of hosts with many Compose projects, cold.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyHost } from '../../../tests/scenarios/harness/foreign.ts';
import { freePorts } from '../../../tests/scenarios/harness/ports.ts';
import { buildFixtureImages } from '../engine/images.ts';
import { startTestEngine, type TestEngine } from '../engine/test-engine.ts';
import { figure, sideBySide } from './measure.ts';
import { bundled, mustRun, ownEnv, ownProgram, timed } from './program.ts';
import type { Scratch } from './scratch.ts';
import type { Row, Table } from './table.ts';

/** Projects -> seconds for both, the draft and the dry run. */
const SIZES: ReadonlyArray<[projects: number, goalS: number]> = [
  [12, 5],
  [100, 30],
];
const MEMORY_MB = 150;
const AT_ONCE = 4;

const compose = (name: string, port: number): string => `services:
  app:
    image: bench/web:1
    init: true
    environment: { GREETING: "\${GREETING}" }
    ports: ["127.0.0.1:${port}:8080"]
    volumes: [files:/files, ./data:/data]
    labels: { name: ${name} }
volumes: { files: {} }
`;

export async function measureTakeover(scratch: Scratch, runs: number, show: (table: Table) => void): Promise<void> {
  const program = await bundled('scripts/dev/bench/takeover-program.ts', scratch.folder);
  for (const [projects, goalS] of SIZES) {
    const engine = await startTestEngine({ own: true });
    scratch.closeLater(() => engine.stop());
    try {
      show(await measureOne(scratch, program, engine, projects, goalS, runs));
    } finally {
      await engine.stop();
    }
  }
}

async function measureOne(
  scratch: Scratch,
  program: string,
  engine: TestEngine,
  projects: number,
  goalS: number,
  runs: number,
): Promise<Table> {
  const folder = join(scratch.folder, `host-${projects}`);
  mkdirSync(folder);
  const env = ownEnv({ ...scratch.env, ...engine.env });
  await buildFixtureImages(engine, { prefix: 'bench', versions: ['1'] });
  const { prod } = await emptyHost(folder, scratch.engine, env);
  await start(folder, env, projects);

  const fresh = () => rmSync(join(prod, 'packages'), { recursive: true, force: true });
  const memory = async (...flags: string[]) => {
    const { stdout } = await timed(ownProgram(program, ...flags), prod, env);
    return Number(/"ownMb":([0-9.]+)/.exec(stdout)?.[1] ?? Number.NaN);
  };
  const found = await sideBySide(
    {
      cold: async () => {
        fresh();
        const draft = await timed(['just', 'release-adopt', '--draft'], prod, env);
        const dry = await timed(['just', 'release-adopt', '--dry-run'], prod, env);
        const same = dry.stdout.match(/: as its files say$/gm)?.length;
        if (same !== projects) throw new Error(`${same} of ${projects} are as drafted: ${dry.stdout.slice(0, 500)}`);
        return { draft: draft.ms / 1000, dry: dry.ms / 1000, both: (draft.ms + dry.ms) / 1000 };
      },
      memory: async () => {
        fresh();
        return { draft: await memory('--draft'), dry: await memory('--dry-run') };
      },
    },
    runs,
  );
  const seconds = (what: string, of: string): Row => ({ what, stats: figure(found.cold, of), unit: 's' });
  const megabytes = (what: string, of: string): Row => ({
    what,
    stats: figure(found.memory, of),
    unit: 'MB',
    goal: { bound: MEMORY_MB, why: '' },
  });
  return {
    title: `10. Taking over ${projects} Compose projects`,
    rows: [
      seconds('release-adopt --draft', 'draft'),
      seconds('release-adopt --dry-run', 'dry'),
      { ...seconds('both', 'both'), goal: { bound: goalS, why: '' } },
      megabytes("the draft's own memory", 'draft'),
      megabytes("the dry run's own memory", 'dry'),
    ],
    notes: ['One compose call a project each: the draft resolves the files where they lie, the dry run their copies.'],
  };
}

async function start(folder: string, env: Record<string, string>, projects: number): Promise<void> {
  const ports = freePorts(projects);
  const queue = ports.entries();
  const worker = async (): Promise<void> => {
    for (const [at, port] of queue) {
      const name = `project-${String(at).padStart(3, '0')}`;
      const own = join(folder, name);
      mkdirSync(join(own, 'data'), { recursive: true });
      writeFileSync(join(own, 'docker-compose.yml'), compose(name, port));
      writeFileSync(join(own, '.env'), `GREETING=from ${name}\n`);
      await mustRun(['docker', 'compose', '--progress=quiet', 'up', '--detach'], own, { ...env, PWD: own });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
