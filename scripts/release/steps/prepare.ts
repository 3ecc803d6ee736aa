// What the steps of prepare do on the host.
import { join } from 'node:path';
import { stampOf } from '../../backups/folder.ts';
import { rottenBefore, storedBytes } from '../../backups/record.ts';
import { takeBackup } from '../../backups/take.ts';
import type { Runners, StepContext, StepFields } from '../../engine/attempt.ts';
import { checkoutBranch } from '../../host/git/checkout-branch.ts';
import { checkUnlocked } from '../../host/git/move.ts';
import { checkStillOffered } from '../../host/git/still-offered.ts';
import { untrackedPaths } from '../../host/git/untracked.ts';
import { sha256 } from '../../host/keyed-hash.ts';
import { stepFailed } from '../../model/error.ts';
import type { StepOf } from '../../model/step.ts';
import { copyAway, secondHome } from '../away.ts';
import { backupContext } from '../backup-context.ts';
import { resolved, subject } from '../resolve.ts';
import { madeOf, ownVolumes, recordService, type Session, saveReceipt } from '../session.ts';
import { ensureStage } from '../stage.ts';

type PrepareKinds = 'stage' | 'freeze-scripts' | 'images' | 'keep-images' | 'backup' | 'advance';

export function prepareRunners(session: Session): Pick<Runners, PrepareKinds> {
  return {
    stage: async (step) => {
      const { context, receipt } = session;
      const [untracked] = await Promise.all([
        receipt.untracked ?? untrackedPaths(context.repo),
        ensureStage(context, session.ticket, step.targetSha),
      ]);
      if (untracked !== undefined) receipt.untracked = untracked;
      saveReceipt(session);
      return undefined;
    },
    'freeze-scripts': async (step) => freezeScripts(session, step),
    images: (step, at) => images(session, step, at),
    'keep-images': (step, at) => keepImages(session, step, at),
    backup: (step, at) => backup(session, step, at),
    advance: (step, at) => advanceCheckout(session, step, at),
  };
}

/** Copies of the ticket's scripts and revert scripts go into the records: what was planned is what runs, also at a revert. */
function freezeScripts(session: Session, step: StepOf<'freeze-scripts'>): Record<string, string> {
  const { files } = session.context.host;
  const folder = join(session.files.records, 'scripts');
  files.mkdir(folder);
  for (const path of step.paths) {
    const content = files.readBytes(join(session.trees.after.root, path));
    if (content === undefined)
      throw stepFailed({ what: `${path} is not in the target`, where: session.trees.after.root });
    const name = path.slice('releases/'.length);
    files.replace(join(folder, name), content, { mode: 0o600 });
    session.receipt.scripts[path] = sha256(content);
  }
  saveReceipt(session);
  return { scripts: String(step.paths.length) };
}

async function images(session: Session, step: StepOf<'images'>, at: StepContext): Promise<StepFields> {
  const target = await subject(session, step.service, 'after', {
    signal: at.signal,
    outputFile: at.outputFile,
    timeoutMs: step.timeoutMs,
  });
  const what = await resolved(session, step.service, 'after', target);
  const after = await target.runtime.acquire(target.context, target.manifest, what, session.trees.after);
  recordService(session, step.service, { ...madeOf(session, step.runtime, what), after });
  return { images: after.map((image) => `${image.component}=${image.id}`).join(' ') };
}

async function keepImages(session: Session, step: StepOf<'keep-images'>, at: StepContext): Promise<StepFields> {
  const target = await subject(session, step.service, 'before', { signal: at.signal, outputFile: at.outputFile });
  const what = await resolved(session, step.service, 'before', target);
  const running = await target.runtime.running(target.context, target.manifest, what.project);
  const kept = await target.runtime.keep(target.context, target.manifest, running);
  recordService(session, step.service, {
    runtime: step.runtime,
    project: what.project,
    before: running.map((c) => ({ component: c.name, ref: c.imageRef, id: c.imageId })),
    kept,
    configBefore: session.keyedHash(what.document),
    volumesBefore: ownVolumes(what),
  });
  return { kept: String(kept.length) };
}

async function backup(session: Session, step: StepOf<'backup'>, at: StepContext): Promise<StepFields> {
  const target = await subject(session, step.service, 'before', {
    signal: at.signal,
    outputFile: at.outputFile,
    timeoutMs: step.timeoutMs,
  });
  const what = await resolved(session, step.service, 'before', target);
  const { paths, config } = session.context;
  const taken = await takeBackup(await backupContext(session.context, target, what), target.runtime, {
    stamp: stampOf(session.context.host.clock.now()),
    dir: paths.backups,
    ticket: session.ticket,
    secondHome: secondHome(session.context),
    pauseMaxMs: config.backup.pauseMaxMs,
    onPause: (event, facts) =>
      at.note(event, Object.fromEntries(Object.entries(facts).map(([k, v]) => [k, String(v)]))),
  });
  const bytes = storedBytes(taken);
  for (const sentence of rottenBefore(taken)) at.note('notice', { reason: sentence });
  const made = {
    stamp: taken.stamp,
    dir: taken.dir,
    bytes,
    sha256: taken.sha256s,
    pausedMs: taken.pausedMs,
    label: taken.label,
  };
  recordService(session, step.service, { backup: made });
  const away = await copyAway(session.context, taken, at.signal, (reason) => at.note('notice', { reason }));
  if (away !== undefined) recordService(session, step.service, { backup: { ...made, away } });
  return {
    ...(away === undefined ? {} : { away: away.snapshot.slice(0, 8) }),
    stamp: taken.stamp,
    bytes: String(bytes),
    paused: `${taken.pausedMs / 1000}s`,
    label: taken.label,
  };
}

async function advanceCheckout(session: Session, step: StepOf<'advance'>, at: StepContext): Promise<StepFields> {
  const { repo } = session.context;
  const move = { from: step.fromSha, to: step.targetSha, branch: session.plan.branch };
  // Somebody else's git at work: nothing of ours has moved yet, and its lock is not ours to remove, now or on resume.
  if (!at.again) {
    await checkUnlocked(repo);
    const unanswered = await checkStillOffered(repo, { sha: step.targetSha, branch: session.plan.branch });
    if (unanswered !== undefined) at.note('notice', { reason: unanswered });
  }
  at.note('step-part', { part: 'moving' });
  await checkoutBranch(repo, move, { again: at.again });
  session.receipt.mergeSha = step.targetSha;
  saveReceipt(session);
  session.trees.after = { root: session.context.paths.root, live: true };
  return { sha: step.targetSha };
}
