// What the steps of a revert do on the host, beside those that a release has, too.
import { join } from 'node:path';
import { parse } from 'dotenv';
import { type RestoreOptions, restoreBackup, settleRestore } from '../../backups/restore.ts';
import type { Runners, StepContext, StepFields } from '../../engine/attempt.ts';
import { readRef, updateRef } from '../../host/git/commits.ts';
import { goBack, goOn } from '../../host/git/revert-back.ts';
import { pushRevert } from '../../host/git/revert-push.ts';
import { secretsOf } from '../../host/mask.ts';
import type { StepOf } from '../../model/step.ts';
import { backupContext } from '../backup-context.ts';
import { DEPLOYED_REF } from '../deployed-ref.ts';
import { residue } from '../residue.ts';
import { resolved, subject } from '../resolve.ts';
import { readEnds } from '../revert-session.ts';
import { leftBy, recordService, type Session, saveReceipt } from '../session.ts';
import { postDataRestore } from './hooks.ts';

type RevertKinds = 'restore-data' | 'restore-config' | 'stop' | 'settle-data' | 'compare' | 'go-back' | 'push';

export function revertRunners(session: Session): Pick<Runners, RevertKinds> {
  const { context, receipt, plan } = session;
  const { repo, config } = context;
  return {
    'restore-data': (step, at) => restoreFrom(session, step, at),
    'restore-config': (step, at) => restoreFrom(session, step, at),
    async stop(step, at) {
      const target = await subject(session, step.service, step.end ?? 'after', {
        signal: at.signal,
        timeoutMs: step.timeoutMs,
      });
      const what = await resolved(session, step.service, step.end ?? 'after', target);
      // A database stays up: its dump is taken, and swapped, while it runs.
      await target.runtime.stop(target.context, target.manifest, what.project, 'apps');
      return undefined;
    },
    async 'settle-data'(step, at) {
      const { of, runtime, options } = await restoring(session, step, at);
      await settleRestore(of, runtime, options);
      return undefined;
    },
    async 'go-back'(step, at) {
      at.note('step-part', { part: 'moving' });
      const place = await goBack(
        repo,
        { from: step.fromSha, to: step.toSha, branch: plan.branch, home: config.branch },
        { again: at.again },
      );
      const { root } = context.paths;
      session.trees.before = { root, live: true, commit: place.sha, repository: root };
      await followEnv(session);
      return { sha: place.sha, branch: place.branch };
    },
    async compare() {
      const lines = await residue(session);
      receipt.revert = { ...receipt.revert, residue: lines };
      saveReceipt(session);
      return { residue: String(lines.length) };
    },
    async push(_step, at) {
      const spec = { baseSha: plan.baseSha, mergeSha: receipt.mergeSha, branch: plan.branch };
      const pushed = await pushRevert(repo, {
        ...spec,
        ticket: session.ticket,
        folder: join(context.paths.stage, `${session.ticket}.revert`),
        revertSha: receipt.revert?.sha,
        expectedOrigin: receipt.revert?.onto ?? '',
        mode: config.revert.push,
      });
      session.pushed = pushed;
      const sha = pushed.revertSha;
      receipt.revert = { ...receipt.revert, ...(sha === undefined ? {} : { sha }), push: pushed.kind };
      saveReceipt(session);
      if (pushed.kind === 'pushed') {
        at.note('step-part', { part: 'moving' });
        await followOrigin(session, pushed.originSha, at.again);
      }
      return {
        push: pushed.kind,
        ...(sha === undefined ? {} : { sha }),
        ...(pushed.kind === 'pending' ? { reason: pushed.reason } : {}),
        ...(pushed.kind === 'branch' ? { branch: pushed.name } : {}),
      };
    },
  };
}

async function restoreFrom(
  session: Session,
  step: StepOf<'restore-data' | 'restore-config'>,
  at: StepContext,
): Promise<StepFields> {
  const { of, runtime, options } = await restoring(session, step, at);
  const report = await restoreBackup(of, runtime, options);
  // The rows of the present state are lost with it; where it was saved is written down before anything else.
  recordService(session, step.service, { ...(report.before === undefined ? {} : { undo: report.before }) });
  return { stamp: step.stamp, ...(report.before === undefined ? {} : { before: report.before }) };
}

/** The restored `.env` is what the old versions start with. */
async function followEnv(session: Session): Promise<void> {
  const { context } = session;
  context.env = parse(context.host.files.readText(context.paths.envFile, { follow: true }) ?? '');
  context.secrets = [...new Set([...context.secrets, ...secretsOf(context.env)])];
  context.repo.secrets = context.secrets;
  session.resolved.clear();
  await readEnds(session);
}

/** On to the revert commit, where origin has nothing newer: its files are those that are deployed. */
async function followOrigin({ context, plan }: Session, originSha: string, again: boolean): Promise<void> {
  const on = { from: plan.baseSha, to: originSha, branch: plan.branch };
  if ((await goOn(context.repo, on, { again })) === 'newer') return;
  const now = await readRef(context.repo, DEPLOYED_REF);
  if (now !== originSha) await updateRef(context.repo, DEPLOYED_REF, originSha, now);
}

type Restores = StepOf<'restore-data' | 'restore-config' | 'settle-data'>;

async function restoring(session: Session, step: Restores, at: StepContext) {
  const target = await subject(session, step.service, 'before', {
    signal: at.signal,
    outputFile: at.outputFile,
    timeoutMs: step.timeoutMs,
  });
  const what = await resolved(session, step.service, 'before', target);
  const { paths, config } = session.context;
  const hook = postDataRestore(session, step, at, session.trees.before.root);
  const options: RestoreOptions = {
    folder: join(paths.backups, step.service, step.stamp),
    dir: paths.backups,
    pauseMaxMs: config.backup.pauseMaxMs,
    start: false,
    ...(step.kind === 'restore-config' ? { only: 'config' as const } : {}),
    ...(step.kind === 'restore-data' && hook !== undefined ? { hook } : {}),
    left: leftBy(session),
    onEvent: (event, part, fields) =>
      at.note('step-part', { part, ...(event === 'step-start' ? { begins: part } : {}), ...fields }),
  };
  return { of: await backupContext(session.context, target, what), runtime: target.runtime, options };
}
