// An independent proof of what a host is: `bun proof.ts SPEC.json` prints it as lines, `differences` compares two. It imports nothing of the
// engine's: data is read from the file system, databases are dumped by their own tools, the rest is asked of docker and git.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabaseSpec, logical } from './databases.ts';
import { tree } from './trees.ts';

export interface ProofSpec {
  /** The checkout. */
  root: string;
  /** Of docker and git: PATH, DOCKER_HOST and so on. */
  env: Record<string, string>;
  /** What names of containers, volumes and networks begin with; empty: docker is not asked. */
  prefix: string;
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

/** The whole host, section by section. @throws Error where something cannot be looked at. */
export async function takeProof(spec: ProofSpec): Promise<Record<string, string[]>> {
  const git = (...words: string[]) => lines(run(spec, 'git', ...words));
  const answers = spec.urls.map(async (url) => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000), keepalive: false });
    return `${url} ${answer.status} ${(await answer.text()).trim()}`;
  });
  return {
    ...docker(spec),
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
    checkout: tree(spec.root, { times: false, without: ['.env', '.git', '.asd/workspace', 'node_modules'] }),
    '.env': [
      ...tree(join(spec.root, '.env'), { times: false }),
      ...readFileSync(join(spec.root, '.env'), 'utf8').split('\n'),
    ],
    answers: await Promise.all(answers),
  };
}

const MOST = 5;

/** A line for each difference, at most five a section: `section: - before` and `section: + after`. */
export function differences(before: Record<string, string[]>, after: Record<string, string[]>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((section) => {
    const [then, now] = [before[section] ?? [], after[section] ?? []];
    if (then.join('\n') === now.join('\n')) return [];
    const [old, fresh] = [new Set(then), new Set(now)];
    const gone = then.filter((line) => !fresh.has(line)).map((line) => `${section}: - ${line}`);
    const come = now.filter((line) => !old.has(line)).map((line) => `${section}: + ${line}`);
    const all = [...gone.slice(0, MOST), ...come.slice(0, MOST)];
    return all.length > 0 ? all : [`${section}: the same lines in another order, or another number of them`];
  });
}

if (import.meta.main) {
  const spec = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ProofSpec;
  for (const [section, all] of Object.entries(await takeProof(spec))) {
    console.log(`${section}: ${all.length} lines, sha256 ${createHash('sha256').update(all.join('\n')).digest('hex')}`);
  }
}
