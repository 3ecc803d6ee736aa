// Begins a release afresh: observe, plan, show, and only then the first line of its journal.
import { readRef, resolveCommit } from '../host/git/commits.ts';
import { openKeyedHash } from '../host/keyed-hash.ts';
import { archiveRecords, claimRecords } from '../journal/archive.ts';
import type { ReleaseLock } from '../journal/lock.ts';
import { openLog } from '../journal/log.ts';
import { writePlan } from '../journal/plan-file.ts';
import { formatBackups } from '../journal/project.ts';
import { readReceipt } from '../journal/receipt.ts';
import type { Receipt } from '../model/receipt.ts';
import { type Phase, SCHEMA } from '../model/release.ts';
import type { Plan } from '../model/step.ts';
import { describePlan, describeSteps } from '../plan/describe.ts';
import { isFinished } from '../plan/next.ts';
import { breakingOf, checkBreaking } from '../plan/notes.ts';
import { makePlan } from '../plan/plan.ts';
import type { Context } from './context.ts';
import { DEPLOYED_REF } from './deployed-ref.ts';
import { arm, type ConfirmWish, confirmWish, describeWish, logArmed } from './guard/arm.ts';
import { isInstalled } from './guard/boot.ts';
import { type Observation, observe } from './observe.ts';
import { openReporter } from './reporter.ts';
import { type Logger, makeLogger, type Session, saveReceipt } from './session.ts';
import {
  checkFresh,
  checkUnblocked,
  type Inherited,
  inheritance,
  type Records,
  readRecords,
} from './standing-records.ts';

export interface Request {
  ticket: string;
  branch: string | undefined;
  allowNonMain: boolean;
  services: readonly string[];
  advanceOnly: boolean;
  ackReverted?: readonly string[];
  ackBreaking?: boolean;
  supersedes: string | undefined;
  reason: string;
  skip: ReadonlySet<Phase>;
  /** As typed; the settings may ask for it, too. */
  confirmWithinMs?: number | undefined;
  json: boolean;
}

export interface Begun {
  session: Session;
  log: Logger;
}

/** @param lock held. @throws everything that refuses a release; no state file is left then. */
export async function begin(context: Context, lock: ReleaseLock, request: Request): Promise<Begun> {
  const { host } = context;
  const began = host.clock.monotonicMs();
  const wish = request.skip.has('prepare') ? undefined : confirmWish(context.config, request.confirmWithinMs);
  const records = readRecords(context, request.ticket);
  checkFresh(records);
  checkUnblocked(records, request.supersedes);
  const deployed = await readRef(context.repo, DEPLOYED_REF);
  const inherited = inheritance(records, request.supersedes, deployed);
  let reporter: Session['reporter'] | undefined;
  try {
    // Without prepare there is no Advance: what is checked out is what is released.
    const skipPrepare = request.skip.has('prepare');
    const targetSha = skipPrepare ? await resolveCommit(context.repo, 'HEAD') : undefined;
    const observed = await observe(context, {
      ...request,
      ...(targetSha === undefined ? {} : { targetSha }),
      knownTickets: records.others.map((e) => e.ticket),
      ...(inherited ? { inherited } : {}),
    });
    const plan = makePlan(observed.facts, { advanceOnly: request.advanceOnly, skipPrepare });
    reporter = openReporter(host, context.terminal, { json: request.json, expectedS: plan.expected.durationS });
    for (const line of [...describePlan(plan), ...describeWish(wish), '']) reporter.say(line);
    checkBreaking(plan, request.ackBreaking ?? false);
    return await open(context, lock, request, {
      observed,
      plan,
      reporter,
      inherited,
      records,
      wish,
      observedMs: host.clock.monotonicMs() - began,
    });
  } catch (error) {
    reporter?.end();
    throw error;
  }
}

interface Made {
  observed: Observation;
  plan: Plan;
  reporter: Session['reporter'];
  inherited: Inherited | undefined;
  records: Records;
  wish: ConfirmWish | undefined;
  observedMs: number;
}

async function open(context: Context, lock: ReleaseLock, request: Request, made: Made): Promise<Begun> {
  const { host, paths } = context;
  const { observed, plan, inherited, reporter } = made;
  // Read before the ticket's own earlier records move away: they may be what is inherited.
  const services = inheritedServices(context, inherited);
  // The first thing on disk: where nobody can put the release back, there is none.
  const guard = made.wish && (await arm(context, plan, made.wish));
  if (made.records.own && isFinished(made.records.own)) archiveRecords(host, paths, request.ticket);
  const files = claimRecords(host, paths, request.ticket);
  const engine = await host.own.openEngine(paths, host.own.engineHash);
  const journal = openLog(host, files.log, request.ticket, { assertHeld: () => lock.assertHeld() });
  const keyedHash = openKeyedHash(host, paths);
  const receipt: Receipt = {
    schema: SCHEMA,
    ticket: request.ticket,
    kind: 'release',
    complete: false,
    baseSha: plan.baseSha,
    targetSha: plan.targetSha,
    mergeSha: request.skip.has('prepare') ? plan.targetSha : '',
    engine: engine.hash,
    host: host.machine.hostname,
    env: Object.fromEntries(Object.entries(context.env).map(([name, value]) => [name, keyedHash(value)])),
    services,
    scripts: {},
  };
  writePlan(host, files.plan, plan);
  host.files.replace(
    files.plan.replace(/\.json$/, '.txt'),
    `${[...describePlan(plan), '', ...describeSteps(plan)].join('\n')}\n`,
  );
  const log = makeLogger(context, files, journal, reporter);
  const session: Session = {
    context,
    ticket: request.ticket,
    files,
    lock,
    journal,
    plan,
    receipt,
    manifests: observed.manifests,
    engine,
    keyedHash,
    reporter,
    trees: observed.trees,
    resolved: new Map([...observed.resolved].map(([key, known]) => [key, Promise.resolve(known)])),
    acceptedDrift: new Set(),
    ...(guard ? { guard } : {}),
  };
  saveReceipt(session);
  if (inherited) takeOver(context, lock, request, inherited);
  const names = (change: string): string =>
    plan.services
      .filter((s) => s.change === change)
      .map((s) => s.name)
      .join(' ');
  const skipped = request.skip.has('prepare');
  if (skipped) session.trees.after = { root: paths.root, live: true, commit: plan.targetSha, repository: paths.root };
  log('prepare', skipped ? 'skipped' : 'start', {
    by: host.machine.user,
    branch: plan.branch,
    base: plan.baseSha,
    target: plan.targetSha,
    head: plan.headSha,
    services: plan.services
      .filter((s) => s.change !== 'removed')
      .map((s) => s.name)
      .join(' '),
    added: names('added'),
    removed: names('removed'),
    engine: engine.hash,
    observed: `${Math.round(made.observedMs / 10) / 100}s`,
    ...(inherited ? { supersedes: inherited.ticket, backups: formatBackups(inherited.backups) } : {}),
    ...(skipped ? { merge: plan.targetSha } : inherited ? { merge: inherited.mergeSha } : {}),
    ...(request.reason === '' ? {} : { reason: request.reason }),
  });
  if (guard) {
    logArmed(log, 'prepare', guard);
    if (!(await isInstalled(context)))
      reporter.say(
        'Notice: after a reboot nobody would watch over this release until a verb is typed: just guard-install',
      );
  }
  for (const ticket of request.ackReverted ?? [])
    log('prepare', 'reverted-acknowledged', {
      by: host.machine.user,
      reverted: ticket,
      ...(request.reason === '' ? {} : { reason: request.reason }),
    });
  const breaking = breakingOf(plan);
  if (breaking)
    log('prepare', 'breaking-acknowledged', {
      by: host.machine.user,
      count: String(breaking.count),
      lines: breaking.lines.join('; '),
      ...(request.reason === '' ? {} : { reason: request.reason }),
    });
  return { session, log };
}

/** The first backups and kept images of a release that is taken over: going back then means going back to before that one. */
function inheritedServices(context: Context, inherited: Inherited | undefined): Receipt['services'] {
  if (!inherited) return {};
  const services = readReceipt(context.host, inherited.receipt)?.services ?? {};
  return Object.fromEntries(
    Object.entries(services).map(([name, { after: _after, configAfter: _config, downtimeMs: _downtime, ...first }]) => [
      name,
      first,
    ]),
  );
}

/** Marks the other release abandoned, in its own log. */
function takeOver(context: Context, lock: ReleaseLock, request: Request, inherited: Inherited): void {
  if (request.supersedes === undefined) return;
  const { host, paths } = context;
  const files = claimRecords(host, paths, inherited.ticket, { keepInterrupted: true });
  const journal = openLog(host, files.log, inherited.ticket, { assertHeld: () => lock.assertHeld() });
  const quiet = { event: () => undefined, say: () => undefined, failure: () => undefined, end: () => undefined };
  const log = makeLogger(context, files, journal, quiet);
  const last = journal.events.at(-1)?.phase;
  log(last === 'migrate' || last === 'ticket' || last === 'verify' ? last : 'prepare', 'superseded', {
    by: host.machine.user,
    successor: request.ticket,
    reason: request.reason,
  });
}
