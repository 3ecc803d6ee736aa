// just release-revert TICKET: data, images, code and configuration back to before, and proven.
import { join } from 'node:path';
import { checkTicket } from '../model/names.ts';
import type { Given } from './arguments.ts';
import { type Context, openContext } from './context.ts';
import { locked } from './locked.ts';
import { checkNothingOnTop, observeRevert, type RevertWish } from './observe-revert.ts';
import { openedRevert, revertedAlready, revertNow } from './revert-now.ts';
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
    return await locked(
      world,
      ticket,
      `release-revert ${ticket}`,
      async (context, lock) => await revertNow(context, lock, ticket, { wish: wishOf(given), json: given.has('json') }),
      { unswept: ticket },
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
    const { session, records, state } = await openedRevert(context, ticket, {
      lock: undefined,
      folder: join(folder, 'base'),
      json: given.has('json'),
    });
    if (state.releaseStatus === 'reverted') throw revertedAlready(ticket);
    if (state.mergeSha !== session.plan.targetSha) {
      session.reporter.say(
        `${ticket} was cut off while it moved the checkout; a revert takes it back to where it was.`,
      );
      session.reporter.say('Nothing was changed.');
      session.reporter.end();
      if (given.has('json')) context.terminal.say(JSON.stringify({ ticket, cutOff: true, steps: [] }));
      return 0;
    }
    checkNothingOnTop(records, state);
    const { steps } = await observeRevert(session, wishOf(given), { folder: join(folder, 'revert'), dry: true });
    if (given.has('json')) {
      const { baseSha, targetSha } = session.plan;
      context.terminal.say(JSON.stringify({ ticket, baseSha, targetSha, steps }));
    }
    session.reporter.say('Nothing was changed.');
    session.reporter.end();
    return 0;
  } finally {
    files.remove(folder);
  }
}

if (import.meta.main) void enter(verb);
