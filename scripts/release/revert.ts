// just release-revert TICKET: data, images, code and configuration back to before, and proven.
import { basename, dirname, join } from 'node:path';
import { openFrozen } from '../host/freeze.ts';
import { exportTree } from '../host/git/stage.ts';
import { openStore } from '../host/git/store.ts';
import { openKeyedHash } from '../host/keyed-hash.ts';
import { ticketPaths } from '../host/paths.ts';
import type { ReleaseLock } from '../journal/lock.ts';
import { openLog } from '../journal/log.ts';
import { readPlan } from '../journal/plan-file.ts';
import { readReceipt } from '../journal/receipt.ts';
import { refused } from '../model/error.ts';
import { checkTicket } from '../model/names.ts';
import { describeStep } from '../plan/describe.ts';
import { revertSteps } from '../plan/revert.ts';
import type { ServiceTree } from '../runtimes/runtime.ts';
import type { Given } from './arguments.ts';
import type { Context } from './context.ts';
import { locked } from './locked.ts';
import { readManifests } from './manifests.ts';
import { checkNothingOnTop, nothingToRevert, observeRevert, type RevertWish } from './observe-revert.ts';
import { performRevert, pushAgain } from './perform-revert.ts';
import { openReporter } from './reporter.ts';
import { makeLogger, type Session } from './session.ts';
import { readRecords } from './standing-records.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'release-revert',
    words: ['TICKET'],
    what: 'Puts data, images, code and configuration back to what they were before the release, and verifies it.',
    flags: {
      'skip-git': { type: 'boolean', what: 'no revert commit, no push: only this host goes back' },
      'skip-data': { type: 'boolean', what: 'keep the new data, under the old code' },
      'accept-loss': { type: 'boolean', what: 'restore even where more is lost than revert.max_loss allows' },
      'dry-run': { type: 'boolean', what: 'look at everything, print the plan; change nothing' },
      json: { type: 'boolean', what: 'events as NDJSON' },
    },
  },
  mutating: true,
  check: (given) => void checkTicket(given.words[0] ?? ''),
  async run(given, world) {
    const [ticket = ''] = given.words;
    return await locked(world, ticket, `release-revert ${ticket}`, (context, lock) =>
      revert(context, lock, ticket, given),
    );
  },
};

async function revert(context: Context, lock: ReleaseLock, ticket: string, given: Given): Promise<number> {
  const wish: RevertWish = {
    skipGit: given.has('skip-git'),
    skipData: given.has('skip-data'),
    acceptLoss: given.has('accept-loss'),
  };
  const json = given.has('json');
  const records = readRecords(context, ticket);
  const { own: state, entry } = records;
  if (!state) throw refused({ what: `This host has no record of ${ticket}`, hint: 'See: just release-list' });
  const { session, log, events } = await openRevert(context, lock, ticket, json);
  if (state.releaseStatus === 'reverted') {
    if (state.push === 'pending') return await pushAgain(session, log);
    throw refused({ what: `${ticket} is reverted already`, hint: `See: just release-state ${ticket}` });
  }
  if (state.mergeSha !== session.plan.targetSha) throw nothingToRevert(ticket);
  checkNothingOnTop(records, state);
  if (entry.broken)
    session.reporter.say(
      `Notice: line ${entry.broken.line} of the log cannot be believed (${entry.broken.why}); state file and receipt are relied on instead.`,
    );
  const observed = await observeRevert(session, entry.broken ? undefined : events, wish);
  const steps = revertSteps(observed.facts);
  const lines = [
    `Revert ${ticket}: ${session.plan.targetSha.slice(0, 12)} -> ${session.plan.baseSha.slice(0, 12)}`,
    ...observed.notices,
    '',
    ...steps.map((step) => `  ${('service' in step ? step.service : '').padEnd(16)} ${describeStep(step)}`),
    '',
  ];
  for (const line of lines) session.reporter.say(line);
  if (given.has('dry-run')) {
    session.reporter.say('Nothing was changed.');
    session.reporter.end();
    return 0;
  }
  return await performRevert(session, log, { steps, observed, state });
}

/** Everything that the steps need, from the release's own records; the log may be broken. */
async function openRevert(context: Context, lock: ReleaseLock, ticket: string, json: boolean) {
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
  const reporter = openReporter(host, context.terminal, { json });
  const journal = openLog(host, files.log, ticket, { assertHeld: () => lock.assertHeld(), tolerateBroken: true });
  const log = makeLogger(context, files, journal, reporter);
  const read = await readManifests(context.repo, plan.baseSha, plan.targetSha, context.env);
  const names = plan.services.map((s) => s.name);
  const before = await baseTree(context, ticket, plan.baseSha);
  const session: Session = {
    context,
    ticket,
    files,
    lock,
    journal,
    plan,
    receipt,
    manifests: { before: read.parse(names, 'before').manifests, after: read.parse(names, 'after').manifests },
    engine: await openFrozen(paths, basename(dirname(Bun.main))),
    keyedHash: openKeyedHash(host, paths),
    reporter,
    trees: { before, after: { root: paths.root, live: true, commit: plan.targetSha, repository: paths.root } },
    resolved: new Map(),
    acceptedDrift: new Set(),
  };
  return { session, log, events: [...journal.events] };
}

/** BASE_SHA beside the live tree, until the checkout is back there. */
async function baseTree(context: Context, ticket: string, sha: string): Promise<ServiceTree> {
  const folder = join(context.paths.stage, `${ticket}.base`);
  context.host.files.remove(folder);
  context.host.files.mkdir(folder);
  const store = await openStore(context.repo, join(folder, 'store'));
  await exportTree(store, sha, join(folder, 'base'), ['packages']);
  return { root: join(folder, 'base'), live: false, commit: sha, repository: context.paths.root };
}

if (import.meta.main) await enter(verb);
