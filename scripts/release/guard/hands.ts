// How a guarded release is really put back, and what comes after one was confirmed.

import { runHook } from '../../host/hook.ts';
import { hostPaths, ticketPaths } from '../../host/paths.ts';
import { readGuard } from '../../journal/guard.ts';
import { messageOf } from '../../model/error.ts';
import { announce } from '../announce.ts';
import type { Context } from '../context.ts';
import { pruneAfterwards } from '../prune-afterwards.ts';
import { revertNow } from '../revert-now.ts';
import type { GuardLog } from './journal.ts';
import type { Hands } from './settle.ts';

const AFTER_TIMEOUT_MS = 600_000;
/** The window was asked for, and the present state is saved before it is replaced: what is lost is known and can be had back. */
const WHOLE = { skipGit: false, skipData: false, acceptLoss: true };

export const hands: Hands = {
  async revert(context, lock, ticket, { cause, by, wish }) {
    return await revertNow(pinned(context, ticket), lock, ticket, {
      wish: wish ?? WHOLE,
      json: false,
      cause: by === '' ? cause : `${cause} (${by})`,
    });
  },
  async afterConfirm(context, journal, ticket, commands) {
    for (const [n, argv] of commands.entries()) await once(context, journal, ticket, { n: String(n + 1), argv });
    await pruneAfterwards(context, context.terminal.say);
  },
};

/** With the settings that the release was begun with. */
export function pinned(context: Context, ticket: string): Context {
  const { host, paths } = context;
  const config = readGuard(host, paths, ticket)?.armed?.config;
  if (!config) return context;
  return { ...context, config, paths: { ...paths, ...hostPaths(paths.root, paths.engine, config.backup.dir) } };
}

/** At most once: one that was cut off is said, not run again. */
async function once(
  context: Context,
  { log, events }: GuardLog,
  ticket: string,
  { n, argv }: { n: string; argv: string[] },
): Promise<void> {
  const { host, paths } = context;
  const step = { step: 'after-confirm', n };
  const mine = events.filter((e) => e.phase === 'confirm' && e.fields.step === step.step && e.fields.n === n);
  const last = mine.at(-1)?.event;
  if (last === 'step-done' || last === 'step-failed') return;
  if (last === 'step-start') {
    await announce(context, log, 'confirm', 'step-failed', { ...step, reason: 'it was cut off, and is not run twice' });
    return;
  }
  log('confirm', 'step-start', { ...step, command: argv.join(' ') });
  const engine = await host.own.openEngine(paths, host.own.engineHash);
  try {
    await runHook(host, {
      argv: argv.map((word, at) => (at === 0 && word === 'bun' ? engine.bun : word)),
      what: argv.join(' '),
      cwd: paths.root,
      env: { ...context.env, ASD_TICKET: ticket, ASD_PHASE: 'confirm', ASD_ROOT: paths.root },
      nodePath: engine.nodePath,
      secrets: context.secrets,
      timeoutMs: AFTER_TIMEOUT_MS,
      signal: host.clock.deadline(AFTER_TIMEOUT_MS),
      mark: context.mark,
      outputFile: ticketPaths(paths, ticket).output(`after-confirm.${n}`),
      onRetry: () => undefined,
    });
    log('confirm', 'step-done', step);
  } catch (error) {
    const reason = messageOf(error);
    await announce(context, log, 'confirm', 'step-failed', { ...step, reason: reason.slice(0, 500) });
  }
}
