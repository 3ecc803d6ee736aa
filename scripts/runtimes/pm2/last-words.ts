// What apps of pm2 said last, from their error logs.
import type { RunningComponent, RuntimeContext } from '../runtime.ts';
import { pm2Environment } from './command.ts';
import { type Pm2Process, pm2List } from './list.ts';

const LINES = '15';

/** The end of their error logs, masked by the runner. */
export async function lastWords(context: RuntimeContext, processes: readonly Pm2Process[]): Promise<string[]> {
  const logs = processes.flatMap((each) => (spoke(context, each) ? (each.errorLog ?? []) : []));
  if (logs.length === 0) return [];
  const options = { env: pm2Environment(context), timeoutMs: 5_000, secrets: context.secrets };
  return (await context.host.exec.run(['tail', '-q', '-n', LINES, '--', ...logs], options)).tail;
}

/** The file goes on from one process of that name to the next: older words are not its own. */
function spoke(context: RuntimeContext, { errorLog, startedAt }: Pm2Process): boolean {
  const written = errorLog === undefined ? undefined : context.host.files.stat(errorLog)?.mtimeMs;
  return written !== undefined && !(written < Date.parse(startedAt));
}

/** See Runtime.lastWords. */
export async function componentWords(
  context: RuntimeContext,
  components: readonly RunningComponent[],
): Promise<string[]> {
  const ids = new Set(components.map(({ instance }) => instance.split(':')[0]));
  return lastWords(
    context,
    (await pm2List(context)).filter(({ id }) => ids.has(String(id))),
  );
}
