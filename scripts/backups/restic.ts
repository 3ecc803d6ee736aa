// The second home of backups: a restic repository, which a complete backup is copied to. restic's retention stays in people's hands.
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { cleanEnvironment } from '../host/environment.ts';
import type { FileStat, Host } from '../host/port.ts';
import { refused, stepFailed } from '../model/error.ts';
import { shellWord } from './shell.ts';

/** Beside a backup's record: where its copy is. */
const AWAY = 'AWAY';
const PROGRAM = 'restic';
const LOOK_MS = 120_000;
const GRACE_MS = 10_000;

export interface SecondHome {
  /** A folder, absolute, or what restic takes for a remote one: `sftp:host:/path`, `rest:https://host/`. */
  repository: string;
  /** Absolute. */
  passwordFile: string;
  /** Of one copy. */
  timeoutMs: number;
  /** For restic's own cache, absolute. */
  cache: string;
}

export interface Sent {
  repository: string;
  /** The snapshot's whole id. */
  snapshot: string;
  /** When, ISO 8601 in UTC. */
  at: string;
}

const sent = z.object({ repository: z.string(), snapshot: z.string().regex(/^[0-9a-f]{64}$/), at: z.string() });
const summary = z.object({ message_type: z.literal('summary'), snapshot_id: z.string().regex(/^[0-9a-f]{8,64}$/) });
const snapshots = z.array(z.object({ id: z.string(), tags: z.array(z.string()).nullish() }));

/** What stands in the way of any copy, as far as can be told without asking the repository. @throws refused. */
export function checkSecondHome(host: Host, home: SecondHome): void {
  const where = '.asd/release.yaml, backup.restic';
  const { files, machine } = host;
  if (host.exec.which(PROGRAM, cleanEnvironment(machine.env).PATH) === undefined)
    throw refused({
      what: 'restic is not installed, so no backup can leave this host',
      where,
      hint: 'apt-get install restic',
    });
  const stat = statBehind(host, home.passwordFile);
  if (stat?.kind !== 'file')
    throw refused({
      what: `the password file of restic is not there: ${home.passwordFile}`,
      where,
      hint: 'It holds the password of the repository, and nothing else.',
    });
  if ((stat.mode & 0o077) !== 0 || (stat.uid !== machine.uid && stat.uid !== 0))
    throw refused({
      what: `others may read or own the password file of restic: mode ${stat.mode.toString(8).padStart(4, '0')}, owner ${stat.uid}`,
      where: home.passwordFile,
      hint: `chmod 0600 ${home.passwordFile}; chown ${machine.uid} ${home.passwordFile}`,
    });
  const local = home.repository.startsWith('/');
  if (local && files.stat(join(home.repository, 'config')) === undefined)
    throw refused({
      what: `there is no restic repository in ${home.repository}`,
      where,
      hint: [
        'Look whether it is mounted. A new one is made by hand:',
        `restic --repo ${home.repository} --password-file ${home.passwordFile} init`,
      ],
    });
}

/** An operator's link is followed. */
function statBehind({ files }: Host, path: string): FileStat | undefined {
  try {
    return files.stat(files.realpath(path));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

async function restic(
  host: Host,
  home: SecondHome,
  args: readonly string[],
  more: { cwd: string; timeoutMs: number; signal?: AbortSignal; mark?: string; secrets?: readonly string[] },
) {
  const env = cleanEnvironment(host.machine.env, {
    LC_ALL: 'C',
    // Not as arguments, which everybody on the host can read.
    RESTIC_REPOSITORY: home.repository,
    RESTIC_PASSWORD_FILE: home.passwordFile,
    RESTIC_CACHE_DIR: home.cache,
  });
  const result = await host.exec.run([PROGRAM, ...args], {
    ...more,
    env,
    graceMs: GRACE_MS,
    endStragglers: more.mark !== undefined,
  });
  if (result.code === 0) return result.stdout;
  const said = result.tail.filter((line) => !line.startsWith('{'));
  const why = result.timedOut
    ? `it took longer than ${Math.round(more.timeoutMs / 1000)} s and was ended`
    : (said[0] ?? `it exited with ${result.code ?? result.signal}`);
  throw stepFailed({
    what: `restic could not copy the backup: ${why}`,
    where: home.repository,
    details: said.slice(-8),
    hint: hintFor(said.join('\n')),
    ...(result.code === undefined ? {} : { rc: result.code }),
  });
}

function hintFor(said: string): string {
  const again = 'The backup itself is complete. Copy it later: just release-backup --away';
  if (/already locked/.test(said))
    return `Somebody is at work on the repository. Where nobody is (a killed restic leaves its lock): restic unlock. ${again}`;
  if (/wrong password|no key found/.test(said)) return `Look at the password file. ${again}`;
  if (/Is there a repository/.test(said)) return `Make the repository by hand, once: restic init. ${again}`;
  return again;
}

/**
 * Copies a complete backup; the repository's snapshot holds `SERVICE/STAMP`, and is looked up again afterwards.
 * @param folder of the backup, `.../SERVICE/STAMP`. @throws step-failed with restic's own words; refused, see checkSecondHome.
 */
export async function sendAway(
  host: Host,
  home: SecondHome,
  backup: { service: string; stamp: string; ticket: string; folder: string },
  more: { signal?: AbortSignal; mark?: string; secrets?: readonly string[] } = {},
): Promise<Sent> {
  checkSecondHome(host, home);
  const cwd = dirname(dirname(backup.folder));
  host.files.mkdir(home.cache);
  const tags = ['belay', `service=${backup.service}`, `stamp=${backup.stamp}`, `ticket=${backup.ticket}`];
  const argv = [
    'backup',
    '--json',
    '--quiet',
    '--host',
    host.machine.hostname,
    ...tags.flatMap((tag) => ['--tag', tag]),
  ];
  const path = `${backup.service}/${backup.stamp}`;
  const said = await restic(host, home, [...argv, '--', path], { ...more, cwd, timeoutMs: home.timeoutMs });
  const short = said
    .split('\n')
    .map(summaryOf)
    .find((id) => id !== undefined);
  const listed =
    short === undefined
      ? ''
      : await restic(host, home, ['snapshots', '--json', '--no-lock', short], { ...more, cwd, timeoutMs: LOOK_MS });
  const found = snapshots
    .safeParse(parsed(listed))
    .data?.find(({ tags: has }) => tags.every((tag) => has?.includes(tag)));
  if (found === undefined)
    throw stepFailed({
      what: 'restic says that it copied the backup, and its snapshot is not in the repository',
      where: home.repository,
      hint: hintFor(''),
    });
  const away: Sent = { repository: home.repository, snapshot: found.id, at: host.clock.now().toISOString() };
  host.files.replace(join(backup.folder, AWAY), `${JSON.stringify(away)}\n`);
  return away;
}

const summaryOf = (line: string): string | undefined => summary.safeParse(parsed(line)).data?.snapshot_id;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return String(error);
  }
}

/** Where the copy of a backup is; undefined: it has none that is known of. */
export function awayOf(host: Host, folder: string): Sent | undefined {
  const text =
    host.files.stat(join(folder, AWAY))?.kind === 'file' ? host.files.readText(join(folder, AWAY)) : undefined;
  return text === undefined ? undefined : sent.safeParse(parsed(text)).data;
}

/** For RESTORE.txt and people: how the backup comes back from there. */
export const fetchLines = (
  home: Pick<SecondHome, 'repository' | 'passwordFile'>,
  service: string,
  stamp: string,
): string[] => [
  `A copy is, or will be, in the restic repository ${home.repository}. Where this folder is damaged or gone:`,
  `  export RESTIC_REPOSITORY=${shellWord(home.repository)} RESTIC_PASSWORD_FILE=${shellWord(home.passwordFile)}`,
  `  restic restore latest --tag service=${service},stamp=${stamp} --target FOLDER   (it becomes FOLDER/${service}/${stamp})`,
];
