// Backups that nobody needs any more go, by each manifest's retention, and with them the images that were kept or built for them.
import { join } from 'node:path';
import { type BackupList, listBackups } from '../backups/list.ts';
import { storedBytes } from '../backups/record.ts';
import { expired } from '../backups/retention.ts';
import { openDocker } from '../host/docker.ts';
import { messageOf, ReleaseError } from '../model/error.ts';
import { openHolders } from './backup-holders.ts';
import { manifestsNow } from './by-hand.ts';
import type { Context } from './context.ts';
import { inGroups } from './in-groups.ts';

const DOCKER_TIMEOUT_MS = 60_000;
/** Of images that were kept or built for a ticket; below them, the service. */
const REPOSITORIES = ['asd-keep', 'asd-build'];

export interface PruneReport {
  removed: Array<{ service: string; stamp: string; bytes: number; dir: string }>;
  /** Leftovers of killed backups. */
  partial: string[];
  /** Image tags. */
  tags: string[];
  /** What stays although it should not, and why. */
  notices: string[];
}

type Listed = BackupList['backups'][number];

/**
 * Under the lock. @param options.dryRun only says what would go.
 * @throws refused where the manifests cannot be read; what cannot be removed is a notice.
 */
export async function pruneBackups(context: Context, options: { dryRun?: boolean } = {}): Promise<PruneReport> {
  const { host, paths } = context;
  const manifests = await manifestsNow(context);
  const { backups, bad } = listBackups(host, paths.backups);
  const holdersOf = openHolders(host, paths);
  const report: PruneReport = { removed: [], partial: [], tags: [], notices: [] };
  for (const { dir, why } of bad) {
    if (dir.endsWith('.partial')) report.partial.push(dir);
    else report.notices.push(`${dir} is left as it is: ${why}`);
  }
  const going: Listed[] = [];
  for (const service of [...new Set(backups.map((each) => each.service))].sort()) {
    const own = backups
      .filter((each) => each.service === service)
      .map((each) => ({ ...each, holders: holdersOf(each) }));
    const retention = manifests.get(service)?.backup.retention;
    if (retention === undefined)
      report.notices.push(
        `${service} is no installed service any more: its ${own.length} backups are left as they are`,
      );
    else going.push(...expired(own, retention, host.clock.now()));
  }
  for (const backup of going) {
    const bytes = storedBytes(backup);
    if (options.dryRun || remove(context, backup, report.notices))
      report.removed.push({ service: backup.service, stamp: backup.stamp, bytes, dir: backup.dir });
  }
  if (!options.dryRun) for (const dir of report.partial) host.files.remove(dir);
  const stay = backups.filter((each) => !report.removed.some(({ dir }) => dir === each.dir));
  report.tags = await dropTags(context, going, stay, report.notices, options.dryRun === true);
  return report;
}

/** First out of its name, so that half of it is never taken for a backup. */
function remove(context: Context, { service, stamp, dir }: Listed, notices: string[]): boolean {
  const { files } = context.host;
  try {
    const gone = join(context.paths.backups, service, `${stamp}.partial`);
    files.remove(gone);
    files.rename(dir, gone);
    files.sync(join(context.paths.backups, service));
    files.remove(gone);
    return true;
  } catch (error) {
    notices.push(`${dir} could not be removed: ${messageOf(error)}`);
    return false;
  }
}

/** Tags of tickets whose last backup of the service went. An image that a container still uses keeps its last name, and that is said. */
async function dropTags(
  context: Context,
  going: readonly Listed[],
  stay: readonly Listed[],
  notices: string[],
  dryRun: boolean,
): Promise<string[]> {
  const gone = going.filter(
    ({ service, ticket }) => !stay.some((each) => each.service === service && each.ticket === ticket),
  );
  if (gone.length === 0) return [];
  const ofGone = (name: (each: Listed) => string): Set<string> =>
    new Set(gone.flatMap((each) => REPOSITORIES.map((repository) => `${repository}/${name(each)}`)));
  const { engine, refs } = await tagsHere(context, [...ofGone(({ service }) => service)]);
  // `:<ticket>`, or `:<ticket>.<component>`; a longer ticket that begins with the same words is another one.
  const tickets = ofGone(({ service, ticket }) => `${service}:${ticket}`);
  const own = refs.filter((ref) => tickets.has(ref) || tickets.has(ref.replace(/\.[^.]*$/, '')));
  const dropped = await inGroups(own, context.config.concurrency, async (ref) => {
    try {
      if (!dryRun) await engine?.untag(ref);
      return [ref];
    } catch (error) {
      notices.push(`the image tag ${ref} stays: ${messageOf(error)}`);
      return [];
    }
  });
  return dropped.flat();
}

/** None where no Docker answers: there may be none, and a host of pm2 services needs none. */
async function tagsHere({ host }: Context, repositories: readonly string[]) {
  try {
    const engine = openDocker(host, { timeoutMs: DOCKER_TIMEOUT_MS });
    return { engine, refs: await engine.tags(repositories) };
  } catch (error) {
    if (error instanceof ReleaseError) return { refs: [] };
    throw error;
  }
}
