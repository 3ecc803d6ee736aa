// Holding a service still while its files are read. Whatever happens, it is let go again, and both ends are told to the caller's journal.
import { messageOf, refused, stepFailed } from '../model/error.ts';
import type { Quiet, Runtime } from '../runtimes/runtime.ts';
import type { BackupContext } from './kind.ts';

export interface PauseOptions {
  /** Longer than this, the runtime's own helper lets go, and the backup fails. */
  pauseMaxMs: number;
  /** Journals `paused` and `unpaused`, with the event's fields. */
  onPause(event: 'paused' | 'unpaused', fields: Record<string, string>): void | Promise<void>;
}

/**
 * @param act gets a context whose time-out is what is left of the pause. @returns its value, and how long the service stood still.
 * @throws step-failed where it took longer than pauseMaxMs, or where it is unsure that the service runs again.
 */
export async function whileHeld<T>(
  context: BackupContext,
  runtime: Runtime,
  options: PauseOptions,
  act: (context: BackupContext) => Promise<T>,
): Promise<{ value: T; pausedMs: number }> {
  const { clock } = context.host;
  const { service, resolved } = context;
  const how = service.backup.consistency === 'stop' ? 'stop' : 'pause';
  const quiet = await runtime.quiesce(context, service, resolved.project, how, options.pauseMaxMs);
  const begin = clock.monotonicMs();
  const left = () => Math.max(1, options.pauseMaxMs - (clock.monotonicMs() - begin));
  let outcome: { value: T } | { error: unknown };
  try {
    await options.onPause('paused', { how, max: seconds(options.pauseMaxMs) });
    outcome = { value: await act({ ...context, timeoutMs: Math.min(context.timeoutMs, left()) }) };
  } catch (error) {
    outcome = { error };
  }
  const pausedMs = await letGo(context, quiet, how, 'error' in outcome ? outcome.error : undefined);
  await options.onPause('unpaused', { how, paused: seconds(pausedMs) });
  if (pausedMs >= options.pauseMaxMs || clock.monotonicMs() - begin >= options.pauseMaxMs)
    throw tooLong(context, options.pauseMaxMs, outcome);
  if ('error' in outcome) throw outcome.error;
  return { value: outcome.value, pausedMs };
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)}s`;

async function letGo(context: BackupContext, quiet: Quiet, how: 'pause' | 'stop', before: unknown): Promise<number> {
  try {
    return await quiet.release();
  } catch (error) {
    throw stepFailed(
      {
        what: `after the backup it is unsure that ${context.service.name} runs again: ${messageOf(error)}`,
        where: `project ${context.resolved.project}`,
        hint:
          how === 'pause'
            ? 'Look at it now: docker ps --filter status=paused, then docker unpause NAME.'
            : 'Look at it now, and start what is stopped.',
        ...(before === undefined
          ? {}
          : { details: [`before that: ${before instanceof Error ? before.message : String(before)}`] }),
      },
      error,
    );
  }
}

const tooLong = (context: BackupContext, maxMs: number, outcome: object) =>
  stepFailed(
    {
      what: `the backup of ${context.service.name} would hold it still for longer than backup.pause_max (${seconds(maxMs)})`,
      where: `packages/${context.service.name}/manifest.yaml, backup.consistency`,
      hint: 'Raise backup.pause_max in .asd/release.yaml, or set backup.consistency to live (a crash-consistent copy).',
    },
    'error' in outcome ? outcome.error : undefined,
  );

/** For prepare, before anything is held. @param expectedMs from earlier backups. @throws refused. */
export function refuseLongPause(service: string, expectedMs: number | undefined, pauseMaxMs: number): void {
  if (expectedMs === undefined || expectedMs < pauseMaxMs) return;
  throw refused({
    what: `the last backups of ${service} held it still for up to ${seconds(expectedMs)}, and backup.pause_max is ${seconds(pauseMaxMs)}`,
    where: `packages/${service}/manifest.yaml, backup.consistency`,
    hint: 'Raise backup.pause_max in .asd/release.yaml, or set backup.consistency to live (a crash-consistent copy).',
  });
}
