// What a revert works with: the release's own records, and both ends laid out again. The log may be broken; state file and receipt then count.
import { join } from 'node:path';
import { exportTree } from '../host/git/stage.ts';
import { openStore } from '../host/git/store.ts';
import { openKeyedHash } from '../host/keyed-hash.ts';
import { ticketPaths } from '../host/paths.ts';
import type { ReleaseLock } from '../journal/lock.ts';
import { type JournalLog, openLog, readLog } from '../journal/log.ts';
import { readPlan } from '../journal/plan-file.ts';
import { readReceipt } from '../journal/receipt.ts';
import { refused } from '../model/error.ts';
import type { ReleaseState } from '../model/release.ts';
import type { ServiceTree } from '../runtimes/runtime.ts';
import type { Context } from './context.ts';
import { readManifests } from './manifests.ts';
import { openReporter } from './reporter.ts';
import { type Logger, makeLogger, type Session } from './session.ts';

export interface RevertOptions {
  /** Held; undefined: a look, which writes nothing. */
  lock: ReleaseLock | undefined;
  /** The state, where the log is broken. */
  believed: ReleaseState | undefined;
  /** For what lies beside the live tree; not there yet. */
  folder: string;
  json: boolean;
}

/** @throws refused where plan or receipt is gone. */
export async function openRevert(
  context: Context,
  ticket: string,
  options: RevertOptions,
): Promise<{ session: Session; log: Logger }> {
  const { host, paths } = context;
  const files = ticketPaths(paths, ticket);
  const plan = readPlan(host, files.plan);
  const receipt = readReceipt(host, files.receipt);
  if (!plan || !receipt) {
    throw refused({
      what: `${ticket} cannot be reverted without its ${plan ? 'receipt' : 'plan'}`,
      where: plan ? files.receipt : files.plan,
      hint: 'Put the file back from a copy of the host. Backups can be restored by hand: see RESTORE.txt in each.',
    });
  }
  const { lock, believed } = options;
  const journal = lock === undefined ? looking(context, files.log) : held(context, files.log, ticket, lock);
  // What stands before the break is known from the state; what comes after is this revert's own.
  if (believed) journal.events.splice(0);
  const reporter = openReporter(host, context.terminal, { json: options.json });
  const log = makeLogger(context, files, journal, reporter, believed);
  const session: Session = {
    context,
    ticket,
    files,
    lock: lock ?? { assertHeld: () => undefined },
    journal,
    ...(believed ? { believed } : {}),
    plan,
    receipt,
    manifests: { before: new Map(), after: new Map() },
    engine: await host.own.openEngine(paths, lock === undefined ? receipt.engine : host.own.engineHash),
    keyedHash: openKeyedHash(host, paths),
    reporter,
    trees: {
      before: await baseTree(context, options.folder, plan.baseSha),
      after: { root: paths.root, live: true, commit: plan.targetSha, repository: paths.root },
    },
    resolved: new Map(),
    acceptedDrift: new Set(),
  };
  await readEnds(session);
  return { session, log };
}

const held = ({ host }: Context, path: string, ticket: string, lock: ReleaseLock): JournalLog =>
  openLog(host, path, ticket, { assertHeld: () => lock.assertHeld(), tolerateBroken: true });

function looking({ host }: Context, path: string): JournalLog {
  const { events, lastSum } = readLog(host, path);
  const append = (): never => {
    throw new Error('a look writes no events');
  };
  return { append, events, lastSum };
}

/** Both ends' manifests, with the values that `.env` has now. */
export async function readEnds(session: Session): Promise<void> {
  const { context, plan } = session;
  const read = await readManifests(context.repo, plan.baseSha, plan.targetSha, context.env);
  const names = plan.services.map((s) => s.name);
  const [before, after] = [await read.parse(names, 'before'), await read.parse(names, 'after')];
  session.manifests = { before: before.manifests, after: after.manifests };
}

/** BASE_SHA beside the live tree, until the checkout is back there. */
export async function baseTree(context: Context, folder: string, sha: string): Promise<ServiceTree> {
  context.host.files.remove(folder);
  context.host.files.mkdir(folder);
  const store = await openStore(context.repo, join(folder, 'store'));
  await exportTree(store, sha, join(folder, 'base'), ['packages']);
  return { root: join(folder, 'base'), live: false, commit: sha, repository: context.paths.root };
}
