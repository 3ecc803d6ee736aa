// From projects that were read to packages: order, shared data, health and backups, and what would differ from what runs.
import { addHabits, type BackupDraft, dataName, draftBackups, type Place } from '../../draft/backups.ts';
import type { DumpJob } from '../../draft/cron.ts';
import { draftHealth } from '../../draft/health.ts';
import { manifestText } from '../../draft/manifest.ts';
import { prioritiesOf } from '../../draft/order.ts';
import { type Project, runs } from '../../draft/projects.ts';
import { sqliteFiles } from '../../draft/sqlite.ts';
import type { Docker } from '../../host/docker.ts';
import { compare } from '../../runtimes/compose/compare.ts';
import { PROJECT_LABEL } from '../../runtimes/compose/running.ts';
import type { Mount } from '../../runtimes/runtime.ts';
import { type Context, runtimeContext } from '../context.ts';
import { inGroups } from '../in-groups.ts';
import type { Prepared } from './draft-prepare.ts';
import { BASELINE } from './look.ts';
import { writers } from './shared-data.ts';

export interface Finished {
  project: Project;
  service: string;
  /** By their paths in the package, the manifest last: with it, the package is whole. */
  files: Array<{ path: string; text: string }>;
  notes: string[];
  /** Lines for `.env`; values are named, never said. */
  envLines: string[];
  problem: { what: string; mend: string } | undefined;
}

/** @param all projects of the engine, also those that are packages already. */
export async function finish(
  context: Context,
  engine: Docker,
  all: readonly Project[],
  ready: readonly Prepared[],
  jobs: readonly DumpJob[],
): Promise<Finished[]> {
  const networks = await engine.networks([PROJECT_LABEL]);
  const owners = new Map(networks.map(({ name, labels }) => [name, labels[PROJECT_LABEL] ?? '']));
  const priorities = prioritiesOf(all, owners);
  const groups = groupsOf(writers(context.host.files, ready));
  return await inGroups(ready, context.config.concurrency, async (each) => {
    const { project, service, manifest, guesses, resolved, rebuilt } = each;
    const places = await placesOf(context, engine, each);
    const group = groups.get(service);
    const backup: BackupDraft = draftBackups(
      project,
      guesses,
      resolved,
      (mount) => places.get(dataName(mount)) ?? { kind: 'gone', sqlite: [] },
      (data) => (group?.data.get(data) === service ? undefined : group?.data.get(data)),
    );
    addHabits(backup, project, jobs);
    const gone = `The compose file is gone (${project.gone.join(', ')}): ${each.files[0]?.path} was made from the containers`;
    const text = manifestText({
      name: service,
      project: project.name,
      directory: manifest.compose.directory,
      files: manifest.compose.files,
      envFiles: manifest.compose.envFiles,
      profiles: manifest.compose.profiles,
      stopped: !runs(project),
      place: priorities.get(project.name) ?? { priority: 10, why: '' },
      guesses,
      health: await draftHealth(context.host.http, project, guesses),
      backup,
      group: group && { name: group.name, why: group.why },
      notes: [...(rebuilt ? [gone] : []), ...alsoReadNotes(each)],
    });
    const differences = await compare(runtimeContext(context, BASELINE), manifest, resolved);
    return {
      project,
      service,
      files: [...each.files, { path: 'manifest.yaml', text }],
      notes: [
        ...project.notes,
        ...differences
          .filter(({ notice }) => notice === undefined && rebuilt === undefined)
          .flatMap(({ what, mend }) => [what, ...(mend === undefined ? [] : [`  -> ${mend}`])]),
      ],
      envLines: (rebuilt?.secrets ?? []).map(
        ({ variable, container, name }) =>
          `${variable}, which is ${name} of the container: docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' ${container} | sed -n 's/^${name}=/${variable}=/p' >> .env`,
      ),
      problem: rebuilt && {
        what: `${project.gone.join(', ') || 'its compose file'} does not exist any more: packages/${service} was drafted from the containers`,
        mend: `read packages/${service}/${each.files[0]?.path} well: what the engine does not say of a container is not in it`,
      },
    };
  });
}

function alsoReadNotes({ alsoRead, manifest: { compose } }: Prepared): string[] {
  if (alsoRead.length === 0 || compose.directory === undefined) return [];
  return [`Read from ${compose.directory}, too, and not in git: ${[...new Set(alsoRead)].join(', ')}`];
}

interface Group {
  name: string;
  why: string;
  /** Data -> the member that saves it. */
  data: Map<string, string>;
}

/** Services that write to the same data, directly or through a third one. @returns by service. */
function groupsOf(shared: ReadonlyMap<string, readonly string[]>): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const [data, names] of shared) {
    const [owner = ''] = names;
    const met = [...new Set(names.flatMap((name) => groups.get(name) ?? []))];
    const group: Group = met[0] ?? { name: owner, why: '', data: new Map() };
    for (const other of met) for (const [key, value] of other.data) group.data.set(key, value);
    group.data.set(data, owner);
    const members = new Set([...names, ...[...groups].filter(([, each]) => met.includes(each)).map(([name]) => name)]);
    group.why = `the ${[...group.data.keys()].join(', the ')} belongs to ${[...members].sort().join(' and ')}`;
    for (const name of members) groups.set(name, group);
  }
  return groups;
}

/** What lies at each writable mount of a project. */
async function placesOf({ host }: Context, engine: Docker, { resolved }: Prepared): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  const look = (path: string): Place => {
    try {
      const kind = host.files.stat(path)?.kind;
      if (kind === 'link') return look(host.files.realpath(path));
      if (kind !== 'folder') return { kind: kind ?? 'gone', sqlite: [] };
      return { kind, sqlite: sqliteFiles(host.files, path) };
    } catch (error) {
      // Not ours to read: what lies in it stays unknown, and it is saved as a whole.
      if (error instanceof Error && 'syscall' in error) return { kind: 'folder', sqlite: [] };
      throw error;
    }
  };
  const mounts: Mount[] = resolved.components
    .flatMap((component) => component.mounts)
    .filter(({ writable }) => writable);
  for (const mount of mounts) {
    if (places.has(dataName(mount))) continue;
    const folder = mount.kind === 'bind' ? mount.source : await engine.volumeFolder(mount.source);
    places.set(dataName(mount), folder === undefined ? { kind: 'gone', sqlite: [] } : look(folder));
  }
  return places;
}
