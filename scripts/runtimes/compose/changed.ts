// Waiting for something to happen to a project's containers.
import { openDocker } from '../../host/docker.ts';
import type { RuntimeContext } from '../runtime.ts';
import { PROJECT_LABEL } from './running.ts';

/** Not `exec_*`: every health check makes three of those. */
const ACTIONS = [
  'create',
  'start',
  'restart',
  'die',
  'kill',
  'oom',
  'stop',
  'pause',
  'unpause',
  'destroy',
  'rename',
  'health_status',
];

/** See Runtime.changed. */
export async function changed(context: RuntimeContext, project: string, ms: number): Promise<void> {
  const deadline = context.host.clock.deadline(ms);
  const signal = context.signal ? AbortSignal.any([deadline, context.signal]) : deadline;
  const engine = openDocker(context.host, context);
  for await (const _event of engine.events(`${PROJECT_LABEL}=${project}`, { actions: ACTIONS, signal })) return;
  // The engine closed the stream before the time was over (it restarts): whoever asks will look again, but not in a tight loop.
  if (!signal.aborted) await context.host.clock.sleep(Math.min(ms, 250), signal);
}
