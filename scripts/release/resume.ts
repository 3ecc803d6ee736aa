// Goes on with a release that halted: the same plan, from the journal's own place or a phase's first step, unless something changed meanwhile.
import { exportTree } from '../host/git/stage.ts';
import { openStore } from '../host/git/store.ts';
import { openKeyedHash } from '../host/keyed-hash.ts';
import { ticketPaths } from '../host/paths.ts';
import { readGuard } from '../journal/guard.ts';
import type { ReleaseLock } from '../journal/lock.ts';
import { openLog, readLog } from '../journal/log.ts';
import { readPlan } from '../journal/plan-file.ts';
import { readReceipt } from '../journal/receipt.ts';
import { parseManifests } from '../manifest/parse.ts';
import { withVariables } from '../manifest/variables.ts';
import { refused } from '../model/error.ts';
import type { Phase } from '../model/release.ts';
import type { ServiceManifest } from '../model/service.ts';
import { dueSteps, standing } from '../plan/due.ts';
import { nextSteps } from '../plan/next.ts';
import type { ServiceTree } from '../runtimes/runtime.ts';
import type { Begun } from './begin.ts';
import { concerned } from './concerned.ts';
import type { Context } from './context.ts';
import { findDrift } from './drift.ts';
import { arm, askedBefore, confirmWish, logArmed } from './guard/arm.ts';
import { readManifests } from './manifests.ts';
import { openReporter } from './reporter.ts';
import { makeLogger, type Session, saveReceipt } from './session.ts';
import { ensureStage } from './stage.ts';
import { checkBelievable, checkUnblocked, readRecords } from './standing-records.ts';

export interface ResumeRequest {
  ticket: string;
  /** undefined: where the journal says. */
  from: Phase | undefined;
  /** Phases that are left out on purpose. */
  skip: ReadonlySet<Phase>;
  acceptDrift: boolean;
  reason: string;
  /** As typed; one that was asked for before stays asked for in any case. */
  confirmWithinMs?: number | undefined;
  json: boolean;
}

/** @throws refused where there is nothing to go on with, or something changed that was not accepted. */
export async function resume(context: Context, lock: ReleaseLock, request: ResumeRequest): Promise<Begun> {
  const { host, paths } = context;
  const files = ticketPaths(paths, request.ticket);
  const records = readRecords(context, request.ticket);
  checkBelievable(records.entry);
  checkUnblocked(records, undefined);
  const state = records.own;
  const plan = readPlan(host, files.plan);
  const receipt = readReceipt(host, files.receipt);
  if (!state || !plan || !receipt) {
    throw refused({
      what: `${request.ticket} has no ${state ? 'plan' : 'state file'} to go on from`,
      where: files.state,
      hint: `Begin it: just release-run ${request.ticket}`,
    });
  }
  const over = ['released', 'reverted', 'abandoned'].includes(state.releaseStatus);
  if (over)
    throw refused({
      what: `${request.ticket} is ${state.releaseStatus}: there is nothing to go on with`,
      hint: nextSteps(state).map((n) => n.command),
    });
  if (state.releaseStatus === 'awaiting-confirm')
    throw refused({
      what: `${request.ticket} is verified and waits for its confirmation: there is nothing to go on with`,
      hint: nextSteps(state).map(({ command, what }) => `${command.padEnd(60)} # ${what}`),
    });
  if (state.phase === 'revert' || state.releaseStatus === 'reverting')
    throw refused({
      what: `A revert of ${request.ticket} was begun and has not ended well: it is gone on with, not the release`,
      hint: nextSteps(state).map((n) => n.command),
    });
  if (plan.targetSha !== state.targetSha || plan.baseSha !== state.baseSha) {
    throw refused({
      what: `The plan of ${request.ticket} is of another run than its log: that run ended before it began`,
      where: files.plan,
      hint: `Begin it again: just release-run ${request.ticket}`,
    });
  }
  const { events } = readLog(host, files.log);
  const now = standing(events);
  dueSteps(
    plan,
    now,
    request.from === undefined ? { kind: 'due' } : { kind: 'phase', phase: request.from },
    request.skip,
  );

  // A release that took over another one begins with that one's MERGE_SHA.
  const advanced = state.mergeSha === plan.targetSha;
  const cutOff = !advanced && now.open.has('advance');
  const drift = await findDrift(context, { state, plan, receipt, advanced, cutOff });
  if (drift.never.length > 0)
    throw refused({
      what: 'HEAD was moved since this release halted, which is never accepted',
      details: drift.never,
      hint: 'Put HEAD back (git reflog shows where it was), or begin another ticket with --supersedes.',
    });
  if (drift.differences.length > 0 && !request.acceptDrift) {
    throw refused({
      what: 'Something changed since this release halted',
      details: drift.differences,
      hint: `If that is the mend: just release-run ${request.ticket} ${request.from === undefined ? '--resume' : `--from=${request.from}`} --accept-drift --reason='...'`,
    });
  }
  const armed = readGuard(host, paths, request.ticket)?.armed;
  // A deadline that had nothing to put back yet was let go; the window that was asked for was not.
  const withinMs = request.confirmWithinMs ?? armed?.withinMs ?? askedBefore(events);
  const wish = withinMs === undefined ? undefined : confirmWish(armed?.config ?? context.config, withinMs);
  const guard = wish ? await arm(context, plan, wish) : undefined;
  const reporter = openReporter(host, context.terminal, { json: request.json, expectedS: plan.expected.durationS });
  const engine = await host.own.openEngine(paths, host.own.engineHash);
  const journal = openLog(host, files.log, request.ticket, { assertHeld: () => lock.assertHeld() });
  const log = makeLogger(context, files, journal, reporter);
  const trees = await layOutAgain(context, request.ticket, {
    baseSha: plan.baseSha,
    targetSha: plan.targetSha,
    headSha: plan.headSha,
    advanced,
  });
  const session: Session = {
    context,
    ticket: request.ticket,
    files,
    lock,
    journal,
    plan,
    receipt,
    manifests: await manifestsAgain(
      context,
      plan.baseSha,
      plan.targetSha,
      plan.services.map((s) => s.name),
      advanced,
    ),
    engine,
    keyedHash: openKeyedHash(host, paths),
    reporter,
    trees,
    resolved: new Map(),
    acceptedDrift: new Set(drift.paths),
    ...(guard ? { guard } : {}),
  };
  const mended = request.from === undefined ? await concerned(session, drift) : [];
  log(request.from ?? state.phase, 'resumed', { from: request.from ?? state.phase, by: host.machine.user });
  if (guard) logArmed(log, request.from ?? state.phase, guard);
  if (drift.differences.length > 0) {
    for (const difference of drift.differences)
      log(request.from ?? state.phase, 'drift-accepted', {
        what: difference,
        by: host.machine.user,
        reason: request.reason,
        ...(mended.length === 0 ? {} : { services: mended.join(' ') }),
      });
    session.receipt.env = Object.fromEntries(
      Object.entries(context.env).map(([name, value]) => [name, session.keyedHash(value)]),
    );
    saveReceipt(session);
  }
  return { session, log };
}

/** After Advance the live tree is the target's, with whatever drift was accepted; before it, both ends are laid out again. */
async function layOutAgain(
  context: Context,
  ticket: string,
  at: { baseSha: string; targetSha: string; headSha: string; advanced: boolean },
): Promise<Session['trees']> {
  const { root } = context.paths;
  const live: ServiceTree = { root, live: true, commit: at.targetSha, repository: root };
  if (at.advanced || at.headSha !== at.baseSha) {
    const folder = `${context.paths.stage}/${ticket}.base`;
    context.host.files.remove(folder);
    context.host.files.mkdir(folder);
    await exportTree(await openStore(context.repo, `${folder}/store`), at.baseSha, `${folder}/base`, ['packages']);
    const before: ServiceTree = { root: `${folder}/base`, live: false, commit: at.baseSha, repository: root };
    if (at.advanced) return { before, after: live };
    return {
      before,
      after: {
        root: await ensureStage(context, ticket, at.targetSha),
        live: false,
        commit: at.targetSha,
        repository: root,
      },
    };
  }
  const after: ServiceTree = {
    root: await ensureStage(context, ticket, at.targetSha),
    live: false,
    commit: at.targetSha,
    repository: root,
  };
  return { before: { ...live, commit: at.baseSha }, after };
}

async function manifestsAgain(
  context: Context,
  baseSha: string,
  targetSha: string,
  names: readonly string[],
  advanced: boolean,
): Promise<Session['manifests']> {
  const read = await readManifests(context.repo, baseSha, targetSha, context.env);
  const before = (await read.parse(names, 'before')).manifests;
  if (!advanced) return { before, after: (await read.parse(names, 'after')).manifests };
  return { before, after: liveManifests(context, names) };
}

/** From the live tree: a manifest that was mended there, and accepted, counts. */
function liveManifests(context: Context, names: readonly string[]): Map<string, ServiceManifest> {
  const entries = names.flatMap((name) => {
    const file = `packages/${name}/manifest.yaml`;
    const text = context.host.files.readText(`${context.paths.root}/${file}`);
    return text === undefined ? [] : [{ text, where: { file, folder: name } }];
  });
  const { manifests } = parseManifests(entries);
  return new Map(
    manifests.filter((m) => m.installation === 'installed').map((m) => [m.name, withVariables(m, context.env)]),
  );
}
