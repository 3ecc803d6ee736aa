// Measurement 3: the plan of many packages with 50 changed, against `turbo ls --affected` and bare git on the same history.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../model/error.ts';
import { dockerConfigFolder } from '../engine/packages.ts';
import { type Candidate, figure, sideBySide } from './measure.ts';
import { bundled, CHECKOUT, mustRun, ownEnv, ownProgram, timed } from './program.ts';
import type { Scratch } from './scratch.ts';
import type { Row, Table } from './table.ts';

const TURBO = '2.11.11';
const CHANGED = 50;
const SIZES = [1000, 5000];
const SHARE_OF_TURBO = 0.25;
const MEMORY_MB = 100;

/** Puts turbo into the checkout's cache: the bench is all that needs it. @returns its binary; undefined where it cannot be had. */
async function turboProgram(env: Record<string, string>): Promise<string | undefined> {
  const folder = join(CHECKOUT, 'node_modules', '.cache', 'belay', `turbo-${TURBO}`);
  const program = join(folder, 'node_modules', '@turbo', 'linux-64', 'bin', 'turbo');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  try {
    await mustRun(['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', `turbo@${TURBO}`], folder, env);
  } catch (error) {
    console.error(`turbo ${TURBO} cannot be installed: ${messageOf(error)}`);
    return undefined;
  }
  return existsSync(program) ? program : undefined;
}

const nameOf = (at: number): string => `service-${String(at).padStart(4, '0')}`;

/** About 60 lines, as a service has them in practice. */
const manifest = (at: number, tag: string): string => `name: ${nameOf(at)}
display_name: Service ${at}
description: One of many
category: project_management
classification: optional
priority: ${10 * (1 + (at % 9))}
installation:
  status: installed
runtime: compose
compose:
  project: bench-${nameOf(at)}
image:
  name: registry.example.org/${nameOf(at)}
  tag: '${tag}'
containers:
  - name: ${nameOf(at)}
    role: app
    required: true
    service: web
    container_user: '999'
  - name: ${nameOf(at)}-worker
    role: worker
    required: true
    service: worker
  - name: ${nameOf(at)}-db
    role: database
    required: true
    service: db
requirements:
  port_env:
    - env: SERVICE_${at}_PORT
      default: ${10_000 + at}
database:
  type: postgresql
  name: app
  container: ${nameOf(at)}-db
  user: app
  password_env: SERVICE_${at}_DB_PASSWORD
backup:
  enabled: true
  type:
    - database
    - volume
  volumes:
    - suffix: files
      data_uid: 999
  consistency: pause
  drill: full
  method: archive
  retention:
    keep: 7
health:
  endpoint: /health
  expected_code: 200
  timeout: 120s
  stable_for: 3s
  version_endpoint: /api/version
release:
  watch:
    - shared/${nameOf(at)}/**
tags:
  - bench
  - made-up
`;

const compose = (at: number, tag: string): string => `services:
  web:
    image: registry.example.org/${nameOf(at)}:${tag}
    ports: ["127.0.0.1:\${SERVICE_${at}_PORT:-${10_000 + at}}:8080"]
    volumes: [files:/files]
    depends_on: [db]
  worker:
    image: registry.example.org/${nameOf(at)}:${tag}
    command: [worker]
  db:
    image: registry.example.org/database:1
    volumes: [data:/data]
volumes: { files: {}, data: {} }
`;

function writePackage(root: string, at: number, tag: string): void {
  const folder = join(root, 'packages', nameOf(at));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'manifest.yaml'), manifest(at, tag));
  writeFileSync(join(folder, 'docker-compose.yaml'), compose(at, tag));
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ name: nameOf(at), version: '1.0.0', scripts: { build: 'true' } })}\n`,
  );
}

/** A repository with two commits; it stands at the second one. turbo needs a workspace, a lock file and a turbo.json. */
async function repository(scratch: Scratch, packages: number): Promise<{ root: string; base: string; target: string }> {
  const root = join(scratch.folder, `packages-${packages}`);
  mkdirSync(root);
  for (let at = 0; at < packages; at += 1) writePackage(root, at, '1');
  const workspace = { name: 'bench', private: true, packageManager: 'npm@10.8.2', workspaces: ['packages/*'] };
  writeFileSync(join(root, 'package.json'), `${JSON.stringify(workspace)}\n`);
  writeFileSync(join(root, 'turbo.json'), `${JSON.stringify({ tasks: { build: {} } })}\n`);
  const locked: Record<string, unknown> = { '': workspace };
  for (let at = 0; at < packages; at += 1) {
    locked[`packages/${nameOf(at)}`] = { name: nameOf(at), version: '1.0.0' };
    locked[`node_modules/${nameOf(at)}`] = { resolved: `packages/${nameOf(at)}`, link: true };
  }
  const lock = { name: 'bench', lockfileVersion: 3, requires: true, packages: locked };
  writeFileSync(join(root, 'package-lock.json'), `${JSON.stringify(lock, null, 1)}\n`);
  writeFileSync(join(root, '.gitignore'), '.asd/workspace/\n.turbo/\nnode_modules/\n');
  const git = async (...args: string[]) => (await timed(['git', ...args], root, scratch.env)).stdout.trim();
  await git('init', '--quiet', '--initial-branch=main');
  const commit = async (message: string): Promise<string> => {
    await git('add', '--all');
    await git('commit', '--quiet', '--message', message);
    return await git('rev-parse', 'HEAD');
  };
  const base = await commit('one');
  for (let at = 0; at < packages; at += packages / CHANGED) writePackage(root, at, '2');
  const target = await commit('two');
  // As in a clone.
  await git('repack', '-adq');
  return { root, base, target };
}

/** @throws Error where the output does not name 50 services. */
const ours =
  (argv: string[], root: string, env: Record<string, string>, wanted: RegExp): Candidate =>
  async () => {
    const { ms, stdout } = await timed(argv, root, env);
    if (!wanted.test(stdout)) throw new Error(`${argv.at(-1)} gave ${stdout.slice(0, 500)}`);
    const ownMb = /"ownMb":([0-9.]+)/.exec(stdout)?.[1];
    return { s: ms / 1000, ...(ownMb === undefined ? {} : { mb: Number(ownMb) }) };
  };

export async function measurePlan(scratch: Scratch, runs: number, show: (table: Table) => void): Promise<void> {
  const turbo = await turboProgram({ ...scratch.env, HOME: scratch.folder });
  const script = await bundled('scripts/dev/bench/plan-program.ts', scratch.folder);
  for (const packages of SIZES) {
    const { root, base, target } = await repository(scratch, packages);
    const env = ownEnv({ ...scratch.env, DOCKER_CONFIG: dockerConfigFolder() });
    const program = (what: string) => ownProgram(script, root, base, target, what);
    const turboEnv = {
      ...scratch.env,
      TURBO_SCM_BASE: base,
      TURBO_SCM_HEAD: target,
      TURBO_TELEMETRY_DISABLED: '1',
      TURBO_NO_UPDATE_NOTIFIER: '1',
      TURBO_CONFIG_DIR_PATH: scratch.folder,
      DO_NOT_TRACK: '1',
    };
    await timed(program('release'), root, env);
    const candidates: Record<string, Candidate> = {
      plan: ours(program('plan'), root, env, /"services":50\b/),
      first: ours(program('first'), root, env, /"services":50\b/),
      ...(turbo === undefined
        ? {}
        : { turbo: ours([turbo, 'ls', '--affected', '--output=json'], root, turboEnv, /"count": ?50\b/) }),
      git: ours(['git', 'diff', '--name-only', base, target], root, scratch.env, /^(?:packages\/.*\n){100}$/),
      tree: ours(program('tree'), root, env, /"dirty":0/),
      resolve: ours(program('resolve'), root, env, /"resolved":50/),
    };
    const found = await sideBySide(candidates, runs);
    const stats = (name: string, of = 's') => figure(found[name] ?? {}, of);
    const bound = turbo === undefined ? undefined : SHARE_OF_TURBO * stats('turbo').median;
    const rows: Row[] = [
      {
        what: 'plan: diff, classify, order',
        stats: stats('plan'),
        unit: 's',
        ...(bound === undefined ? {} : { goal: { bound, why: `${SHARE_OF_TURBO} x turbo` } }),
      },
      ...(turbo === undefined
        ? []
        : [{ what: `turbo ${TURBO} ls --affected`, stats: stats('turbo'), unit: 's' } satisfies Row]),
      { what: 'the plan, nothing known yet', stats: stats('first'), unit: 's' },
      { what: 'git diff --name-only', stats: stats('git'), unit: 's' },
      {
        what: 'largest resident set of the plan',
        stats: stats('plan', 'mb'),
        unit: 'MB',
        goal: { bound: MEMORY_MB, why: '' },
      },
      { what: 'the same, nothing known yet', stats: stats('first', 'mb'), unit: 'MB' },
      { what: 'apart: the clean-tree check', stats: stats('tree'), unit: 's' },
      { what: `apart: ${CHANGED} services resolved by compose`, stats: stats('resolve'), unit: 's' },
    ];
    show({
      title: `3. The plan of ${packages.toLocaleString('en')} packages, ${CHANGED} of them changed`,
      rows,
      notes: [
        'The plan is a process of its own here, started anew for each turn, as turbo is; bundled, as the frozen engine is.',
        'It knows the manifests of the first commit from the release before. Without that, it looks at all of them.',
        ...(turbo === undefined ? [`turbo ${TURBO} could not be installed here: no comparison.`] : []),
      ],
    });
  }
}
