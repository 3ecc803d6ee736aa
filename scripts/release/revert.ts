// just release-revert TICKET: data, images, code and configuration back to before, and proven.
import { join } from 'node:path';
import type { ReleaseLock } from '../journal/lock.ts';
import { refused } from '../model/error.ts';
import { checkTicket } from '../model/names.ts';
import { standing } from '../plan/due.ts';
import { nextSteps } from '../plan/next.ts';
import type { Given } from './arguments.ts';
import { type Context, openContext } from './context.ts';
import { locked } from './locked.ts';
import { checkNothingOnTop, nothingToRevert, observeRevert, type RevertWish } from './observe-revert.ts';
import { performRevert, pushAgain } from './perform-revert.ts';
import { openRevert, type RevertOptions } from './revert-session.ts';
import { type Records, readRecords } from './standing-records.ts';
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
    if (given.has('dry-run')) return await look(await openContext(world), ticket, given);
    return await locked(world, ticket, `release-revert ${ticket}`, (context, lock) =>
      revert(context, lock, ticket, given),
    );
  },
};

const wishOf = (given: Given): RevertWish => ({
  skipGit: given.has('skip-git'),
  skipData: given.has('skip-data'),
  acceptLoss: given.has('accept-loss'),
});

/** No lock, nothing left behind. @throws what a real run would be refused with. */
async function look(context: Context, ticket: string, given: Given): Promise<number> {
  const { files } = context.host;
  files.mkdir(context.paths.cache);
  const folder = files.tempFolder(context.paths.cache, 'dry-');
  try {
    const { session, records, state } = await opened(context, ticket, {
      lock: undefined,
      folder: join(folder, 'base'),
      json: given.has('json'),
    });
    if (state.releaseStatus === 'reverted') throw revertedAlready(ticket);
    checkNothingOnTop(records, state);
    await observeRevert(session, wishOf(given), { folder: join(folder, 'revert'), dry: true });
    session.reporter.say('Nothing was changed.');
    session.reporter.end();
    return 0;
  } finally {
    files.remove(folder);
  }
}

async function revert(context: Context, lock: ReleaseLock, ticket: string, given: Given): Promise<number> {
  const { session, log, records, state } = await opened(context, ticket, {
    lock,
    folder: join(context.paths.stage, `${ticket}.base`),
    json: given.has('json'),
  });
  if (state.releaseStatus === 'reverted') {
    if (state.push === 'pending') return await pushAgain(session, log);
    throw revertedAlready(ticket);
  }
  checkNothingOnTop(records, state);
  const folder = join(context.paths.stage, `${ticket}.revert`);
  const observed = await observeRevert(session, wishOf(given), { folder, dry: false });
  return await performRevert(session, log, observed);
}

/** @throws refused or nothing where there is no release that could be put back. */
async function opened(context: Context, ticket: string, options: Omit<RevertOptions, 'believed'>) {
  const records: Records = readRecords(context, ticket);
  const { own: state, entry } = records;
  if (!state) throw refused({ what: `This host has no record of ${ticket}`, hint: 'See: just release-list' });
  if (state.mergeSha !== state.targetSha && state.releaseStatus !== 'reverted') {
    const cutOff = state.phase === 'prepare' && state.phaseStatus === 'running';
    if (!cutOff) throw nothingToRevert(ticket);
  }
  const { session, log } = await openRevert(context, ticket, {
    ...options,
    believed: entry.broken ? state : undefined,
  });
  if (state.mergeSha !== session.plan.targetSha) {
    if (!standing(session.journal.events).open.has('advance')) throw nothingToRevert(ticket);
    throw refused({
      what: `${ticket} was cut off while it moved the checkout: that is completed first, and can be reverted then`,
      hint: nextSteps(state).map(({ command, what }) => `${command.padEnd(60)} # ${what}`),
    });
  }
  if (entry.broken)
    session.reporter.say(
      `Notice: line ${entry.broken.line} of the log cannot be believed (${entry.broken.why}); state file and receipt are relied on instead.`,
    );
  return { session, log, records, state };
}

const revertedAlready = (ticket: string) =>
  refused({ what: `${ticket} is reverted already`, hint: `See: just release-state ${ticket}` });

if (import.meta.main) void enter(verb);
