// An independent proof of what a host is, as lines. It imports nothing of the engine's: data is read from the file system, databases are
// dumped by their own tools, the rest is asked of docker, pm2 and git.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type DatabaseSpec, logical } from './databases.ts';
import { tree } from './trees.ts';

export interface ProofSpec {
  /** The checkout. */
  root: string;
  /** Of docker and git: PATH, DOCKER_HOST and so on. */
  env: Record<string, string>;
  /** What names of containers, volumes and networks begin with; empty: docker is not asked. */
  prefix: string;
  /** How pm2 is called; undefined: it is not asked. */
  pm2?: string[];
  /** Folders whose content is data: absolute. */
  folders: string[];
  /** Named. */
  databases: Record<string, DatabaseSpec>;
  /** Volumes that hold a database's own files: they are compared by its logical dump alone. */
  serverVolumes: string[];
  urls: string[];
}

function run({ env, root }: ProofSpec, ...argv: string[]): string {
  const done = Bun.spawnSync(argv, { cwd: root, env, stdin: 'ignore' });
  if (done.exitCode !== 0) throw new Error(`${argv.join(' ')} exited ${done.exitCode}: ${done.stderr}`);
  return done.stdout.toString();
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

interface Inspected {
  Id: string;
  Name: string;
  Image: string;
  State: { Status: string; Paused: boolean };
  Config: { Image: string; Env: string[]; Cmd: string[]; Labels: Record<string, string> };
  Mounts: Array<{ Type: string; Name?: string; Source: string; Destination: string; RW: boolean }>;
  HostConfig: { PortBindings: unknown; Memory: number; RestartPolicy: unknown };
}

function containers(spec: ProofSpec): string[] {
  const ids = lines(run(spec, 'docker', 'ps', '--all', '--quiet', '--filter', `name=^${spec.prefix}`));
  if (ids.length === 0) return [];
  const found = JSON.parse(run(spec, 'docker', 'inspect', ...ids)) as Inspected[];
  return found.map(({ Name, Image, State, Config, Mounts, HostConfig }) => {
    const label = (name: string) => Config.Labels[`com.docker.compose.${name}`] ?? '';
    return JSON.stringify({
      name: Name,
      image: Image,
      ref: Config.Image,
      config: label('config-hash'),
      project: label('project'),
      service: label('service'),
      status: State.Status,
      paused: State.Paused,
      env: Config.Env.toSorted(),
      command: Config.Cmd,
      mounts: Mounts.map((m) => [m.Type, m.Name ?? m.Source, m.Destination, m.RW]).sort(),
      host: [HostConfig.PortBindings, HostConfig.Memory, HostConfig.RestartPolicy],
    });
  });
}

/** What compose would start from the checkout as it is, by compose's own hash. */
function composeHashes(spec: ProofSpec): string[] {
  const files = lines(run(spec, 'git', 'ls-files', 'packages/*/docker-compose.yaml'));
  return files.flatMap((file) => {
    const service = file.split('/')[1] ?? '';
    const words = ['--project-name', `${spec.prefix}${service}`, '--env-file', '.env', '--file', file];
    return lines(run(spec, 'docker', 'compose', ...words, 'config', '--hash', '*')).map((line) => `${service} ${line}`);
  });
}

function docker(spec: ProofSpec): Record<string, string[]> {
  if (spec.prefix === '') return {};
  const named = (what: string) =>
    lines(run(spec, 'docker', what, 'ls', '--format', '{{.Name}}', '--filter', `name=^${spec.prefix}`));
  const volumes = named('volume').sort();
  const data = volumes.filter((name) => !spec.serverVolumes.includes(name));
  return {
    containers: containers(spec).sort(),
    configuration: composeHashes(spec).sort(),
    volumes,
    networks: named('network').sort(),
    ...Object.fromEntries(
      data.map((name) => {
        const place = run(spec, 'docker', 'volume', 'inspect', '--format', '{{.Mountpoint}}', name).trim();
        return [`volume ${name}`, tree(place, { times: true })];
      }),
    ),
  };
}

interface Listed {
  name: string;
  pid: number;
  pm2_env: { namespace: string; status: string; pm_cwd: string; pm_exec_path: string };
}

/** What pm2 runs, and what these processes were given: from the kernel, not from pm2's memory. */
function processes(spec: ProofSpec): Record<string, string[]> {
  if (spec.pm2 === undefined) return {};
  const text = run(spec, ...spec.pm2, 'jlist');
  const listed = JSON.parse(text.trimEnd().slice(text.trimEnd().lastIndexOf('\n') + 1)) as Listed[];
  return {
    processes: listed
      .map(({ name, pid, pm2_env: { namespace, status, pm_cwd, pm_exec_path } }) => {
        const env = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        const given = env.filter((each) => /^(?:ASD_TREE|MERGE_SHA|CONTAINER_PREFIX)=|^\w+_PORT=/.test(each)).sort();
        return JSON.stringify({ name, namespace, status, cwd: pm_cwd, script: pm_exec_path, given });
      })
      .sort(),
  };
}

/** Looked at apart, or not a part of what a release is. */
const OWN = ['.env', '.git', '.asd/workspace', 'node_modules'];

/** Files of databases: they are compared by the logical dump alone. */
const databaseFiles = ({ root, databases }: ProofSpec): string[] =>
  Object.values(databases).flatMap((of) =>
    of.kind === 'sqlite' ? ['', '-wal', '-shm'].map((end) => relative(root, of.path + end)) : [],
  );

/** The whole host, section by section. @throws Error where something cannot be looked at. */
export async function takeProof(spec: ProofSpec): Promise<Record<string, string[]>> {
  const git = (...words: string[]) => lines(run(spec, 'git', ...words));
  const answers = spec.urls.map(async (url) => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(30_000), keepalive: false });
    return `${url} ${answer.status} ${(await answer.text()).trim()}`;
  });
  return {
    ...docker(spec),
    ...processes(spec),
    ...Object.fromEntries(spec.folders.map((folder) => [`folder ${folder}`, tree(folder, { times: true })])),
    ...Object.fromEntries(
      Object.entries(spec.databases).map(([name, of]) => [`database ${name}`, logical(of, spec.env)]),
    ),
    // Trees, not commits: the revert commit is the one difference that there is to be.
    git: [
      ...git('rev-parse', 'HEAD^{tree}', 'refs/asd/deployed^{tree}'),
      ...git('symbolic-ref', 'HEAD'),
      ...git('ls-files', '--stage'),
      ...git('status', '--porcelain', '--untracked-files=all'),
      ...git('worktree', 'list', '--porcelain').filter((line) => line.startsWith('worktree')),
    ],
    checkout: tree(spec.root, { times: false, without: [...OWN, ...databaseFiles(spec)] }),
    '.env': [
      ...tree(join(spec.root, '.env'), { times: false }),
      ...readFileSync(join(spec.root, '.env'), 'utf8').split('\n'),
    ],
    answers: await Promise.all(answers),
  };
}
