// A whole host for a scenario, in a temporary folder: origin, a "prod" clone that the engine works on, a "dev" clone to push from.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { SYSTEM_PATH } from '../../../scripts/dev/engine/packages.ts';
import type { TestEngine } from '../../../scripts/dev/engine/test-engine.ts';
import { type Background, startVerb } from './background.ts';
import { composeKind } from './compose.ts';
import { hashes, write } from './files.ts';
import { giveFrozen, takeFrozen } from './frozen.ts';
import type { Files, Kind, Place, RuntimeName, ServiceOptions } from './kind.ts';
import { pm2Kind } from './pm2.ts';
import { freePorts } from './ports.ts';
import { commandLine, endAll, mustRun, processesOf, type Result, runCommand, until } from './process.ts';
import { type LogEvent, openRecords } from './records.ts';

export interface HostOptions {
  /** Default: alpha, beta and gamma with priorities 10, 20, 30. */
  services?: Record<string, ServiceOptions>;
  /** Further services that the host has a port for; they come later. */
  later?: readonly string[];
  /** Of the first commit, over what is there by default. */
  files?: Files;
  /** Keys of .asd/release.yaml. */
  config?: Record<string, unknown>;
  /** Lines of .env beside ports and CONTAINER_PREFIX. */
  env?: Record<string, string>;
  /** false: nothing is marked as deployed. */
  adopt?: boolean;
  /** The engine's folder; default: this checkout. */
  engine?: string;
  /** Puts further files into `dev` before the first commit. */
  seed?(dev: string): Promise<void> | void;
  /** Puts what is not in git into `prod` once it was cloned. */
  cloned?(prod: string): Promise<void> | void;
}

export interface Run extends Result {
  /** From start to end. */
  ms: number;
}

export type ScenarioHost = Awaited<ReturnType<typeof openScenarioHost>>;

const CHECKOUT = realpathSync(join(import.meta.dir, '..', '..', '..'));
export const VERBS = [
  'run',
  'state',
  'check',
  'list',
  'log',
  'adopt',
  'abandon',
  'accept',
  'return-to-main',
  'backup',
  'backups',
  'backup-verify',
  'backup-prune',
  'restore',
  'revert',
  'confirm',
  'extend',
  'sweep',
  'stop',
] as const;
export type VerbName = (typeof VERBS)[number];

/** @param docker for compose. @throws Error where the host cannot be made. */
export async function openScenarioHost(runtime: RuntimeName, options: HostOptions = {}, docker?: TestEngine) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-scenario-')));
  const engine = options.engine ?? CHECKOUT;
  const [prod, dev, origin] = [join(folder, 'prod'), join(folder, 'dev'), join(folder, 'origin.git')];
  const services = options.services ?? { alpha: {}, beta: {}, gamma: {} };
  const names = [...Object.keys(services), ...(options.later ?? [])];
  const ports = freePorts(names.length);
  const env: Record<string, string> = {
    PATH: [join(engine, 'node_modules', `rust-just-linux-${process.arch}`, 'bin'), SYSTEM_PATH].join(':'),
    HOME: folder,
    LANG: 'C.UTF-8',
    USER: 'operator',
    TERM: 'dumb',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const place: Place = {
    folder,
    prod,
    engine,
    prefix: `s${randomBytes(4).toString('hex')}-`,
    env,
    port: (service) => {
      const port = ports[names.indexOf(service)];
      if (port === undefined) throw new Error(`the host has no port for ${service}: name it in services or later`);
      return port;
    },
  };
  const kind: Kind = runtime === 'pm2' ? pm2Kind(place) : composeKind(place, needed(docker));
  const versions = new Map<string, string>();
  const records = openRecords(join(prod, '.asd', 'workspace', 'releases'));
  const git = (cwd: string, ...args: string[]) => mustRun(['git', ...args], cwd, env);

  /** The files of a service at a version, below packages/. A version that begins with `sick` is unhealthy until `<SERVICE>_MOOD=healed`, one with `fades` (pm2 only) once there is a file `faded` in the folder of the host. */
  const service = async (name: string, version: string, more: ServiceOptions = {}): Promise<Files> => {
    const own: ServiceOptions = { ...services[name], ...more };
    const variable = `${name.toUpperCase().replaceAll('-', '_')}_PORT`;
    const manifest: Record<string, unknown> = {
      name,
      priority: 10 * (names.indexOf(name) + 1),
      installation: { status: 'installed' },
      requirements: { port_env: [{ env: variable, default: 1 }] },
      backup: { enabled: true, type: ['config'] },
      health: { endpoint: '/health', timeout: '10s', stable_for: '0s', version_endpoint: '/version' },
      ...(await kind.manifest(name, version, own)),
      ...services[name]?.manifest,
      ...more.manifest,
    };
    const kept = Object.fromEntries(Object.entries(manifest).filter(([, value]) => value !== null));
    const files: Files = {
      'manifest.yaml': stringify(kept),
      ...kind.files(name, version, own),
      ...services[name]?.files,
      ...more.files,
    };
    versions.set(name, version);
    return Object.fromEntries(Object.entries(files).map(([path, text]) => [`packages/${name}/${path}`, text]));
  };

  /** Commits files in dev and pushes them. @returns the commit. */
  const push = async (files: Files, message = 'change', branch = 'main'): Promise<string> => {
    write(dev, files);
    await git(dev, 'add', '--all');
    await git(dev, '-c', 'user.name=Developer', '-c', 'user.email=developer@example.org', 'commit', '-qm', message);
    await git(dev, 'push', '--quiet', 'origin', `HEAD:${branch}`);
    return await git(dev, 'rev-parse', 'HEAD');
  };

  const argvOf = (verb: VerbName, args: readonly string[]) => ['just', `release-${verb}`, ...args];
  const run = async (verb: VerbName, args: readonly string[] = [], more: Record<string, string> = {}): Promise<Run> => {
    const began = performance.now();
    return { ...(await runCommand(argvOf(verb, args), prod, { ...env, ...more })), ms: performance.now() - began };
  };
  const start = (verb: VerbName, args: readonly string[] = []): Background =>
    startVerb(argvOf(verb, args), prod, env, kind.keepers);

  /** Waits until the log has an event that fits. @throws Error with the log's end after 20 s. */
  const event = (ticket: string, fits: Partial<LogEvent>): Promise<LogEvent> =>
    until(
      () => `${JSON.stringify(fits)} in the log of ${ticket}; it has ${JSON.stringify(records.log(ticket).slice(-3))}`,
      () =>
        records
          .log(ticket)
          .find((each) => Object.entries(fits).every(([key, value]) => each[key as keyof LogEvent] === value)),
    );

  const path = (name: string) => join(folder, name);
  const marks = (): string[] =>
    existsSync(path('marks')) ? readFileSync(path('marks'), 'utf8').split('\n').filter(Boolean) : [];

  const host = {
    ...place,
    dev,
    origin,
    runtime,
    ...records,
    service,
    push,
    run,
    start,
    event,
    git,
    docker: kind.docker,
    instances: kind.instances,
    impose: kind.impose,
    /** What an operator does who releases by hand: starts services as the live checkout says. */
    startByHand: kind.start,
    volumes: kind.volumes,
    head: () => git(prod, 'rev-parse', 'HEAD'),
    deployed: async () =>
      (await runCommand(['git', 'rev-parse', '--verify', '-q', 'refs/asd/deployed'], prod, env)).stdout.trim(),
    /** Container ids, or pids: what is another one after a restart. */
    containerIds: async (name: string): Promise<string[]> => (await kind.instances(name)).map(({ id }) => id),
    /** What the service answers, from outside; undefined where nothing does. */
    httpVersion: async (name: string): Promise<string | undefined> => {
      try {
        const url = `http://127.0.0.1:${place.port(name)}${kind.versionPath}`;
        const answer = await fetch(url, { signal: AbortSignal.timeout(2_000), keepalive: false });
        return (await answer.text()).trim();
      } catch (error) {
        if (error instanceof Error) return undefined;
        throw error;
      }
    },
    /** Line of shell that adds a word to the marks; for hooks and scripts. */
    mark: (word: string) => `echo ${word} >> '${path('marks')}'\n`,
    marks,
    /** A hook in TypeScript that marks a word, and then runs `rest`. */
    hook: (word: string, rest = '') =>
      `import { appendFileSync } from 'node:fs';\nappendFileSync(${JSON.stringify(path('marks'))}, ${JSON.stringify(`${word}\n`)});\n${rest}\n`,
    /** Files that scripts can wait for to go away: `gate-<name>` in the host's folder. */
    openGate: (name: string) => rmSync(path(`gate-${name}`), { force: true }),
    /** Changes lines of the host's .env; null takes one away. */
    setEnv(changes: Record<string, string | null>): void {
      const file = join(prod, '.env');
      const kept = readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '' && !(line.slice(0, line.indexOf('=')) in changes));
      const added = Object.entries(changes).flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]));
      writeFileSync(file, `${[...kept, ...added].join('\n')}\n`);
    },
    /** Everything that a refused release must leave as it was: refs, index, tree, records, .env, what runs. */
    async fingerprint(): Promise<Record<string, string>> {
      const running = await Promise.all(
        names.map(async (name) => `${name}: ${JSON.stringify(await kind.instances(name))}`),
      );
      return {
        refs: await git(
          prod,
          'for-each-ref',
          '--format=%(refname) %(objectname)',
          'refs/heads',
          'refs/asd',
          'refs/tags',
        ),
        head: await git(prod, 'rev-parse', '--symbolic-full-name', 'HEAD'),
        index: await git(prod, 'ls-files', '--stage'),
        status: await git(prod, 'status', '--porcelain'),
        worktrees: await git(prod, 'worktree', 'list'),
        env: readFileSync(join(prod, '.env'), 'utf8'),
        releases: hashes(join(prod, '.asd', 'workspace', 'releases')),
        backups: hashes(join(prod, '.asd', 'workspace', 'backups')),
        stage: hashes(join(prod, '.asd', 'workspace', 'stage')),
        running: running.join('\n'),
      };
    },
    /** Processes of this host that should not be there once no verb runs. */
    strays(): string[] {
      const may = new Set(kind.keepers());
      return processesOf(folder)
        .filter((pid) => !may.has(pid))
        .map((pid) => `${pid} ${commandLine(pid)}`);
    },
    async close(): Promise<void> {
      const stopped = await Promise.allSettled([kind.stop()]);
      const left = await endAll(folder);
      rmSync(folder, { recursive: true, force: true });
      const failed = stopped.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
      if (left.length > 0 || failed.length > 0) throw new Error(`left behind: ${[...left, ...failed].join('; ')}`);
    },
  };

  try {
    mkdirSync(dev);
    await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', origin);
    await git(dev, 'init', '--quiet', '--initial-branch=main');
    await git(dev, 'remote', 'add', 'origin', origin);
    await options.seed?.(dev);
    const packages = await Promise.all(Object.keys(services).map((name) => service(name, '1')));
    await push({
      justfile: `import '${engine}/justfile'\n`,
      '.gitignore': '.asd/workspace/\n.env\nnode_modules/\n',
      '.asd/release.yaml': stringify({ branch: 'main', ...options.config }),
      ...Object.assign({}, ...packages),
      ...options.files,
    });
    await git(folder, 'clone', '--quiet', origin, prod);
    await options.cloned?.(prod);
    await git(prod, 'config', 'user.name', 'Operator');
    await git(prod, 'config', 'user.email', 'operator@example.org');
    writeFileSync(join(prod, '.env'), '');
    host.setEnv({
      CONTAINER_PREFIX: place.prefix,
      ...Object.fromEntries(
        names.map((name) => [`${name.toUpperCase().replaceAll('-', '_')}_PORT`, String(place.port(name))]),
      ),
      ...options.env,
    });
    if (packages.length > 0) await kind.start(Object.keys(services));
    if (options.adopt !== false) {
      const plain = options.engine === undefined && options.seed === undefined && options.cloned === undefined;
      if (plain) await takeFrozen(prod);
      const adopted = await run('adopt', ['--no-backup']);
      if (adopted.code !== 0) throw new Error(`release-adopt exited ${adopted.code}: ${adopted.text}`);
      if (plain) await giveFrozen(prod);
    }
  } catch (error) {
    await host.close();
    throw error;
  }
  return host;
}

function needed(docker: TestEngine | undefined): TestEngine {
  if (docker === undefined) throw new Error('a compose host needs a Docker engine');
  return docker;
}
