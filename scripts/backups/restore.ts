// A whole service back to one of its backups. Staged and proven first, then swapped, all items or none; what was there before is kept until
// the service is healthy. Killed anywhere, the same call finishes it: how far it came is read from the data, and from one small mark.
import { join } from 'node:path';
import { refused } from '../model/error.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { checkFixes } from './fixes.ts';
import { stampOf } from './folder.ts';
import type { BackupContext, BackupRecord, Restoring } from './kind.ts';
import { readRecord } from './record.ts';
import { endingLines, type RestoreMark, unfinishedRestore, workFolder, writeMark } from './restore-mark.ts';
import { checkSpace, type Loss, lossOf, openBackup, type Restorable } from './restore-plan.ts';
import { bringUp, putBack, type RestoreStep, settle, swapAll, type Work } from './restore-steps.ts';
import { takeBackup } from './take.ts';

export interface RestoreOptions {
  /** The backup's folder, absolute. */
  folder: string;
  /** The root of all backups, absolute. */
  dir: string;
  /** Of the backup of the present state. */
  pauseMaxMs: number;
  /** Look only. Nothing is written but a scratch copy for counting rows. */
  dryRun?: boolean;
  /** Put back what an unfinished restore of this backup replaced. */
  undo?: boolean;
  /** Default true: the present state is backed up first. */
  preBackup?: boolean;
  /** false: the caller starts the service and judges its health, then calls `settleRestore`. */
  start?: boolean;
  /** Restore, and save before, nothing but the configuration. Default: everything. */
  only?: 'config';
  left?: Restoring['left'];
  /** Runs `post_data_restore` of the package; the service's stateful components run. */
  hook?(context: BackupContext): Promise<void>;
  /** Called as each step begins and ends. */
  onEvent(event: 'step-start' | 'step-done', step: RestoreStep, fields: Record<string, string>): void;
}

export interface RestoreReport {
  record: BackupRecord;
  loss: Loss;
  /** Stamp of the backup of the state before; undefined: none was wanted, or it was a dry run. */
  before: string | undefined;
  /** Components that ran before, and run again. */
  ran: string[];
  outcome: 'dry-run' | 'restored' | 'swapped' | 'undone';
}

/**
 * @param context of the service as it runs now. @throws refused: nothing was touched; step-failed: a step failed, and the service runs with
 * what it had; in-doubt: it could not be put back, the same call with `undo` tries again. Where the restored service does not become healthy
 * (step-failed, too), it stays restored and the old content is kept: the same call goes on, `undo` puts back.
 */
export async function restoreBackup(
  context: BackupContext,
  runtime: Runtime,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { host, service } = context;
  checkFixes(context);
  const backup = await openBackup(context, options.folder, options.dir, options);
  const known = unfinished(context, options, backup);
  if (known === undefined) await checkSpace(context, backup);
  if (options.dryRun) {
    const loss = await lossOf(context, backup, known === undefined ? 'look' : undefined);
    if (known === undefined) host.files.remove(workFolder(options.dir, service.name, backup.record.stamp));
    return {
      record: backup.record,
      loss,
      before: undefined,
      ran: known?.ran ?? runningNow(context),
      outcome: 'dry-run',
    };
  }
  const mark = known ?? (await begin(context, runtime, options, backup));
  const before = mark.before === undefined ? undefined : readRecord(host, join(options.dir, service.name, mark.before));
  const loss = await lossOf(context, backup, before);
  const report = { record: backup.record, loss, before: mark.before, ran: mark.ran };
  const layers = layersWith(backup, before, options, service.name);
  const work: Work = { context, runtime, options, mark, layers, untouched: known === undefined };
  if (options.undo || mark.stage === 'undoing') {
    await putBack(work);
    return { ...report, outcome: 'undone' };
  }
  if (mark.stage === 'restoring') await swapAll(work);
  if (options.start === false && mark.stage === 'restoring') return { ...report, outcome: 'swapped' };
  if (mark.stage === 'restoring') await bringUp(work);
  await settle(work);
  return { ...report, outcome: 'restored' };
}

/** After a restore with `start: false`, when the service is healthy: the old content goes. Nothing where there is none. @throws as restoreBackup. */
export async function settleRestore(context: BackupContext, runtime: Runtime, options: RestoreOptions): Promise<void> {
  const mark = unfinishedRestore(context.host, options.dir, context.service.name);
  if (mark === undefined) return;
  const backup = await openBackup(context, options.folder, options.dir, {
    left: options.left,
    only: mark.only,
    read: false,
  });
  await settle({ context, runtime, options, mark, layers: backup.layers, untouched: false });
}

const runningNow = (context: BackupContext): string[] => [
  ...new Set(context.running.filter((each) => each.running).map((each) => each.name)),
];

function unfinished(context: BackupContext, options: RestoreOptions, backup: Restorable): RestoreMark | undefined {
  const { service } = context;
  const known = unfinishedRestore(context.host, options.dir, service.name);
  if (known !== undefined && known.stamp !== backup.record.stamp) {
    const { finish, undo } = endingLines(service.name, known);
    throw refused({
      what: `a restore of ${service.name} from another backup, ${known.stamp}, was begun and has not come to its end`,
      hint: [finish, undo],
    });
  }
  if (known !== undefined && !options.undo && known.only !== options.only) {
    const whole = known.only === undefined;
    throw refused({
      what: `a restore of ${service.name} was begun ${whole ? 'with' : 'without'} its data, and has not come to its end`,
      hint: `Go on as it was begun: ${whole ? 'without' : 'with'} --skip-data.`,
    });
  }
  if (known === undefined && options.undo)
    throw refused({ what: `no restore of ${service.name} is unfinished, so there is nothing to put back` });
  return known;
}

/** The present state is saved, then the mark is set: from here on, the same call goes on where this one ends. */
async function begin(
  context: BackupContext,
  runtime: Runtime,
  options: RestoreOptions,
  backup: Restorable,
): Promise<RestoreMark> {
  const { host, service, ticket } = context;
  const mark: RestoreMark = {
    stamp: backup.record.stamp,
    startedAt: host.clock.now().toISOString(),
    ran: runningNow(context),
    stage: 'restoring',
    ...(options.only === undefined ? {} : { only: options.only }),
  };
  if (options.preBackup !== false) {
    options.onEvent('step-start', 'pre-revert', {});
    const taken = await takeBackup(options.only === undefined ? context : without(context), runtime, {
      stamp: stampOf(host.clock.now()),
      dir: options.dir,
      ticket,
      purpose: 'pre-revert',
      pauseMaxMs: options.pauseMaxMs,
      onPause: () => undefined,
    });
    mark.before = taken.stamp;
    options.onEvent('step-done', 'pre-revert', { stamp: taken.stamp });
  }
  // What an earlier restore of the same backup left without its mark is nobody's.
  host.files.remove(workFolder(options.dir, service.name, mark.stamp));
  writeMark(host, options.dir, service.name, mark);
  return mark;
}

/** The same service, to be saved without its data: its configuration always is. */
const without = (context: BackupContext): BackupContext => ({
  ...context,
  service: { ...context.service, backup: { ...context.service.backup, types: ['config'] } },
});

function layersWith(
  backup: Restorable,
  before: BackupRecord | undefined,
  options: RestoreOptions,
  service: string,
): Work['layers'] {
  if (before === undefined) return backup.layers;
  const folder = join(options.dir, service, before.stamp);
  return backup.layers.map((layer) =>
    layer.map(({ restorer, restoring }) => {
      const files = before.items.find(({ item }) => item.name === restoring.item.name)?.files;
      return { restorer, restoring: files === undefined ? restoring : { ...restoring, before: { folder, files } } };
    }),
  );
}
