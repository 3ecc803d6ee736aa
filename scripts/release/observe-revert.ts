// What a revert is planned from. Everything that can fail is looked at here, before anything live is touched.
import { join } from 'node:path';
import { restoreBackup } from '../backups/restore.ts';
import { resolveCommit } from '../host/git/commits.ts';
import { type RevertTry, tryRevert } from '../host/git/revert.ts';
import { checkGoBack } from '../host/git/revert-back.ts';
import { openStore } from '../host/git/store.ts';
import { diffTree } from '../host/git/trees.ts';
import { ReleaseError, refused } from '../model/error.ts';
import type { Receipt } from '../model/receipt.ts';
import type { ReleaseState } from '../model/release.ts';
import type { Plan, Step } from '../model/step.ts';
import { describeStep, formatSeconds } from '../plan/describe.ts';
import { standingOfRevert } from '../plan/due.ts';
import { type RevertFacts, type RevertService, revertSteps } from '../plan/revert.ts';
import { touched } from '../plan/touched.ts';
import { runtimeOf } from '../runtimes/registry.ts';
import { backupContext } from './backup-context.ts';
import { type Context, runtimeContext } from './context.ts';
import { pushPlan } from './push-plan.ts';
import { resolved, subject } from './resolve.ts';
import { leftBy, type Session } from './session.ts';
import type { Records } from './standing-records.ts';

export interface RevertWish {
  skipGit: boolean;
  skipData: boolean;
  acceptLoss: boolean;
}

export interface RevertObservation {
  facts: RevertFacts;
  steps: Step[];
  /** undefined with --skip-git, or where nothing is pushed. */
  git: RevertTry | undefined;
  skipGit: boolean;
  /** Why the remote takes no push, where prepare found that and it still is so. */
  noPush: string | undefined;
}

/** @throws refused, naming the order, where later releases stand on this one. */
export function checkNothingOnTop(records: Records, state: ReleaseState): void {
  const begun = state.timestamps.PREPARE_START ?? '';
  const later = records.others
    .filter((e) => e.state && e.state.mergeSha !== '' && !['reverted', 'abandoned'].includes(e.state.releaseStatus))
    .filter((e) => (e.state?.timestamps.PREPARE_START ?? '') > begun && e.state?.supersedes !== state.ticket)
    .toSorted((a, b) =>
      (a.state?.timestamps.PREPARE_START ?? '') < (b.state?.timestamps.PREPARE_START ?? '') ? 1 : -1,
    );
  if (later.length === 0) return;
  throw refused({
    what: `${later.length === 1 ? 'A later release stands' : 'Later releases stand'} on ${state.ticket}: ${later.map((e) => e.ticket).join(', ')}`,
    hint: [
      'Revert in this order:',
      ...later.map((e) => `just release-revert ${e.ticket}`),
      `just release-revert ${state.ticket}`,
    ],
  });
}

/**
 * Says the plan and its notices.
 * @param session its trees and manifests are those of both ends. @param at.folder for a commit that is made beside the checkout.
 * @throws refused where git, images, backups, space or the limit of loss stand in the way.
 */
export async function observeRevert(
  session: Session,
  wish: RevertWish,
  at: { folder: string; dry: boolean },
): Promise<RevertObservation> {
  const { context, plan, receipt, journal } = session;
  const home = context.config.branch;
  const begun = standingOfRevert(journal.events);
  const fromSha = await standsAt(context, plan);
  if (!begun.done.has('go-back') && !begun.open.has('go-back'))
    await checkGoBack(context.repo, { from: fromSha, to: plan.baseSha, branch: plan.branch, home });
  const wanted = !wish.skipGit && plan.branch === home && context.config.revert.push !== 'none';
  const noPush = wanted ? await refusedStill(session) : undefined;
  const push = wanted && noPush === undefined;
  const git = push ? await gitOf(session, at) : undefined;
  const was = touched(plan, session.believed ? undefined : journal.events);
  const services: RevertService[] = plan.services
    .filter((s) => was.services.has(s.name))
    .map((s) => ({
      name: s.name,
      change: s.change,
      before: session.manifests.before.get(s.name),
      after: session.manifests.after.get(s.name),
      stamp: receipt.services[s.name]?.backup?.stamp,
    }));
  await checkImages(context, session.ticket, services, receipt);
  const notices = [
    ...(await checkData(session, services, wish)),
    ...scriptNotices(plan, was.scripts),
    ...addedNotices(services),
  ];
  if (noPush !== undefined)
    notices.push(`push: none, as planned: ${noPush}. The revert is not pushed; how it can be is said at the end`);
  if (git?.unreachable)
    notices.push(`origin cannot be reached now (${git.unreachable.what}): the revert stays pending, exit 9`);
  if (wish.skipData) notices.push('--skip-data: the data of the new version stays, under the old code');
  const facts: RevertFacts = {
    baseSha: plan.baseSha,
    fromSha,
    services,
    skipData: wish.skipData,
    scripts: revertScripts(plan, receipt, was.scripts),
    push,
  };
  const steps = revertSteps(facts);
  for (const line of [
    `Revert ${session.ticket}: ${plan.targetSha.slice(0, 12)} -> ${plan.baseSha.slice(0, 12)}`,
    ...notices,
    '',
    ...steps.map((step) => `  ${('service' in step ? step.service : '').padEnd(16)} ${describeStep(step)}`),
    '',
  ])
    session.reporter.say(line);
  return { facts, git, steps, skipGit: wish.skipGit, noPush };
}

/** Access that was missing when the release was prepared may have come since. @returns why there still is none. */
async function refusedStill({ context, plan, ticket }: Session): Promise<string | undefined> {
  if (plan.push?.refused === undefined) return undefined;
  const now = await pushPlan(context.repo, context.config, { ticket, branch: plan.branch, ask: true });
  return now.refused?.why;
}

/** Where the way back begins: a later release that was reverted left a commit with the same files. */
async function standsAt({ repo }: Context, { targetSha }: Plan): Promise<string> {
  const head = await resolveCommit(repo, 'HEAD');
  if (head === undefined || head === targetSha) return targetSha;
  return (await diffTree(repo, targetSha, head)).length === 0 ? head : targetSha;
}

async function gitOf(session: Session, at: { folder: string; dry: boolean }): Promise<RevertTry> {
  const { context, plan } = session;
  const spec = { baseSha: plan.baseSha, mergeSha: plan.targetSha, branch: plan.branch, folder: at.folder };
  const repo = at.dry ? await openStore(context.repo, `${at.folder}.store`) : context.repo;
  const tried = await tryRevert(repo, spec);
  if (tried.conflicts.length === 0) return tried;
  throw refused({
    what: `The revert conflicts with newer commits on ${plan.branch}`,
    details: tried.conflicts.slice(0, 20),
    hint: [
      'Nothing was touched. Put only this host back, and revert in git by hand:',
      `just release-revert ${session.ticket} --skip-git`,
    ],
  });
}

/** @throws refused where an old version could not be started any more. */
async function checkImages(
  context: Context,
  ticket: string,
  services: readonly RevertService[],
  receipt: Receipt,
): Promise<void> {
  const problems: string[] = [];
  for (const { name, before } of services) {
    if (!before) continue;
    const images = receipt.services[name]?.before ?? [];
    if (images.length === 0) problems.push(`${name}: the receipt does not say what ran before`);
    const runtime = await runtimeOf(before.runtime);
    for (const image of await runtime.absent(runtimeContext(context, ticket), images)) {
      problems.push(`${name}: ${image.component} ran ${image.ref} ${image.id}, which is gone`);
    }
  }
  if (problems.length > 0) throw refused({ what: 'The old versions cannot all be started again', details: problems });
}

/** Each backup is read and the loss stated. @throws refused where one is damaged, does not fit, or would lose more than is allowed. */
async function checkData(session: Session, services: readonly RevertService[], wish: RevertWish): Promise<string[]> {
  const { context } = session;
  const { maxLossMs } = context.config.revert;
  const notices: string[] = [];
  const tooOld: string[] = [];
  const env = { restored: new Set<string>(), kept: new Set<string>() };
  const { done } = standingOfRevert(session.journal.events);
  const step = wish.skipData ? 'restore-config' : 'restore-data';
  for (const { name, before, stamp } of services) {
    if (!before || stamp === undefined || done.has(`${step}:${name}`)) continue;
    const target = await subject(session, name, 'before');
    const what = await resolved(session, name, 'before', target);
    const { record, loss } = await restoreBackup(await backupContext(context, target, what), target.runtime, {
      folder: join(context.paths.backups, name, stamp),
      dir: context.paths.backups,
      pauseMaxMs: context.config.backup.pauseMaxMs,
      dryRun: true,
      start: false,
      ...(wish.skipData ? { only: 'config' as const } : {}),
      left: leftBy(session),
      onEvent: () => undefined,
    });
    for (const key of loss.restored) env.restored.add(key);
    for (const key of loss.kept) env.kept.add(key);
    if (wish.skipData || record.items.every(({ item }) => item.kind === 'config')) continue;
    const rows = loss.rows.map(
      (r) => `${r.item} ${r.table}: ${r.saved ?? 'not there'} then, ${r.now ?? 'not there'} now`,
    );
    const line = `${name}: its data goes back ${formatSeconds(loss.ageMs / 1000)}, to ${record.startedAt}`;
    notices.push(line, ...rows.map((row) => `  ${row}`));
    // Where it was begun, the decision was made: half of it back is nobody's wish.
    if (loss.ageMs > maxLossMs && !wasBegun(session, name)) tooOld.push(line, ...rows);
  }
  if (tooOld.length > 0 && !wish.acceptLoss) {
    throw refused({
      what: `More would be lost than revert.max_loss allows (${formatSeconds(maxLossMs / 1000)})`,
      details: tooOld,
      hint: [
        `just release-revert ${session.ticket} --accept-loss    # lose it`,
        `just release-revert ${session.ticket} --skip-data      # keep the new data, under the old code`,
      ],
    });
  }
  if (env.restored.size > 0) notices.push(`.env goes back in: ${[...env.restored].join(', ')}`);
  if (env.kept.size > 0) notices.push(`Changed since, and stays: ${[...env.kept].join(', ')}`);
  return notices;
}

const wasBegun = ({ journal }: Session, service: string): boolean =>
  journal.events.some((e) => e.phase === 'revert' && e.fields.step === 'restore-data' && e.fields.service === service);

const addedNotices = (services: readonly RevertService[]): string[] =>
  services
    .filter((s) => s.change === 'added')
    .map((s) => `${s.name} was added by the release and goes; what it stored stays where it is`);

/** Frozen revert scripts of those that ran, newest first. */
function revertScripts(plan: Plan, receipt: Receipt, ran: ReadonlySet<string>): RevertFacts['scripts'] {
  return plan.scripts
    .filter((s) => ran.has(s.path))
    .toReversed()
    .flatMap(({ revert }) => {
      const sha256 = revert === undefined ? undefined : receipt.scripts[revert];
      return revert === undefined || sha256 === undefined ? [] : [{ path: revert, sha256 }];
    });
}

const scriptNotices = (plan: Plan, ran: ReadonlySet<string>): string[] =>
  plan.scripts
    .filter((s) => ran.has(s.path) && s.revert === undefined)
    .map((s) => `${s.path} has no revert script: what it did beyond the backed-up data stays`);

/** Nothing of the release reached the host. */
export function nothingToRevert(ticket: string): ReleaseError {
  return new ReleaseError('nothing', {
    what: `Nothing to put back: ${ticket} never moved the checkout, and nothing live was changed by it`,
    hint: `Give it up: just release-abandon ${ticket} --reason='...'`,
  });
}
