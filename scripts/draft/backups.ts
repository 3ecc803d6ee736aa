// What of a project's data is saved how: a dump for the database, an archive for each other volume and folder that it writes to.
import type { DatabaseSpec } from '../model/service.ts';
import { componentName } from '../runtimes/compose/running.ts';
import type { Mount, ResolvedService } from '../runtimes/runtime.ts';
import type { DumpJob } from './cron.ts';
import { type CommandDraft, commandOf, isAbout } from './habits.ts';
import type { Project } from './projects.ts';
import type { Guess } from './roles.ts';

export interface BackupDraft {
  database?: { spec: DatabaseSpec; why: string };
  volumes: Array<{ suffix: string; why?: string } | { bind: string; why?: string }>;
  /** What cron does already. */
  command?: CommandDraft;
  /** Comments: what is not among them, and why. */
  notes: string[];
}

/** What is known of a mount's source on this host. */
export interface Place {
  kind: 'folder' | 'file' | 'other' | 'gone';
  /** SQLite files below it. */
  sqlite: string[];
}

type Type = DatabaseSpec['type'];
/** One database of a service has a dump; this is which. */
const PREFERRED: readonly Type[] = ['postgresql', 'mariadb', 'mysql', 'redis'];
const DATA: Partial<Record<Type, readonly string[]>> = {
  postgresql: ['/var/lib/postgresql'],
  mariadb: ['/var/lib/mysql'],
  mysql: ['/var/lib/mysql'],
  redis: ['/data'],
};
/** Of the machine, not of a service. */
const NOT_DATA =
  /^\/(?:$|(?:tmp|var|home|root|srv|opt|mnt|var\/lib|var\/log)$|(?:proc|sys|dev|run|var\/run|etc|usr|lib|bin|sbin|boot|var\/lib\/docker)(?:\/|$))/;

export const dataName = ({ kind, source }: Pick<Mount, 'kind' | 'source'>): string => `${kind} ${source}`;

/** Adds what cron does for a project: the first job as its command, others as a note. */
export function addHabits(draft: BackupDraft, project: Project, jobs: readonly DumpJob[]): void {
  for (const job of jobs.filter((each) => isAbout(each, project))) {
    const found = commandOf(job);
    if ('note' in found) draft.notes.push(found.note);
    else if (draft.command === undefined) draft.command = found;
    else draft.notes.push(`the cron job in ${job.place} dumps with ${job.program}, too: backup.command is one command`);
  }
}

/**
 * @param placeOf a mount's source on this host. @param ownedBy data that is saved with another service: its name, else undefined.
 */
export function draftBackups(
  project: Project,
  guesses: readonly Guess[],
  resolved: ResolvedService,
  placeOf: (mount: Mount) => Place,
  ownedBy: (data: string) => string | undefined,
): BackupDraft {
  const main = PREFERRED.flatMap((type) => guesses.filter((each) => each.database === type))[0];
  const draft: BackupDraft = { volumes: [], notes: [] };
  if (main?.database !== undefined) {
    draft.database = { spec: serverSpec(project, main, main.database), why: main.why };
  }
  const seen = new Set<string>();
  for (const { name, mounts } of resolved.components) {
    const guess = guesses.find((each) => each.service === name);
    for (const mount of mounts) {
      const data = dataName(mount);
      if (!mount.writable || seen.has(data)) continue;
      seen.add(data);
      const owner = ownedBy(data);
      if (mount.key === undefined && mount.kind === 'volume')
        draft.notes.push(`${name} has a volume without a name on ${mount.target}: it is not in a backup`);
      else if (owner !== undefined) draft.notes.push(`the ${data} is saved with ${owner}, of the same group`);
      else if (guess !== undefined && guess === main && isDataOf(project, guess, mount))
        draft.notes.push(`the ${data} is in the dump of ${name}`);
      else addMount(draft, name, guess, mount, placeOf(mount));
    }
  }
  return draft;
}

function addMount(draft: BackupDraft, name: string, guess: Guess | undefined, mount: Mount, place: Place): void {
  const { kind, source, key = '', target } = mount;
  if (kind === 'bind') {
    if (place.kind === 'other' || NOT_DATA.test(source)) return;
    if (place.kind !== 'folder') {
      const what = place.kind === 'gone' ? 'is not there' : 'is a single file';
      draft.notes.push(`${source} (${name}:${target}) ${what}: it is not in a backup`);
      return;
    }
  }
  const [first, ...more] = place.sqlite;
  const whole =
    place.sqlite.length === 0
      ? undefined
      : `holds SQLite databases (${place.sqlite.slice(0, 3).join(', ')}), saved with their WAL`;
  const server =
    guess?.database === undefined
      ? undefined
      : `the files of ${name} (${guess.database}), for which no dump is taken: stop is safer than pause`;
  const why = server ?? whole;
  draft.volumes.push({ ...(kind === 'bind' ? { bind: source } : { suffix: key }), ...(why ? { why } : {}) });
  if (first === undefined || draft.database !== undefined || server !== undefined) return;
  const others =
    more.length === 0 ? '' : `; ${more.slice(0, 3).join(', ')} ${more.length === 1 ? 'is' : 'are'} in the archive only`;
  draft.database = {
    spec: { type: 'sqlite', path: kind === 'bind' ? `bind:${source}/${first}` : `volume:${key}/${first}` },
    why: `it begins as a SQLite database does${others}`,
  };
}

function serverSpec(project: Project, guess: Guess, type: Type): DatabaseSpec {
  const variables = project.containers.find((each) => componentName(each) === guess.service)?.environment ?? {};
  const first = (...names: string[]) =>
    names.map((name) => variables[name]).find((value) => value !== undefined && value !== '');
  const name =
    type === 'postgresql'
      ? first('POSTGRES_DB', 'POSTGRES_USER')
      : type === 'redis'
        ? undefined
        : first('MARIADB_DATABASE', 'MYSQL_DATABASE');
  const user = type === 'postgresql' ? first('POSTGRES_USER') : undefined;
  return {
    type,
    container: guess.service,
    ...(name === undefined ? {} : { name }),
    ...(user === undefined ? {} : { user }),
  };
}

function isDataOf(project: Project, { service, database }: Guess, { target }: Mount): boolean {
  const variables = project.containers.find((each) => componentName(each) === service)?.environment ?? {};
  const folders = [...(DATA[database ?? 'sqlite'] ?? []), ...(variables.PGDATA ? [variables.PGDATA] : [])];
  return folders.some(
    (folder) => target === folder || target.startsWith(`${folder}/`) || folder.startsWith(`${target}/`),
  );
}
