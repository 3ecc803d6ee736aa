// What pm2 runs: its `jlist`, read with the processes' own environment from /proc beside it.
import { z } from 'zod';
import { stepFailed } from '../../model/error.ts';
import type { RunningComponent, RuntimeContext } from '../runtime.ts';
import { runPm2 } from './command.ts';

const PROCESS = z.object({
  name: z.string(),
  pid: z.number().optional(),
  pm_id: z.number(),
  pm2_env: z.object({
    namespace: z.string().default('default'),
    status: z.string().default('stopped'),
    restart_time: z.number().default(0),
    pm_uptime: z.number().optional(),
    exit_code: z.number().optional(),
    pm_err_log_path: z.string().optional(),
    ASD_TREE: z.string().optional(),
    ASD_CONFIG: z.string().optional(),
  }),
});

export interface Pm2Process {
  name: string;
  id: number;
  /** undefined where none runs. */
  pid: number | undefined;
  namespace: string;
  status: string;
  restarts: number;
  startedAt: string;
  exitCode: number | undefined;
  errorLog: string | undefined;
  /** Read from the living process where it can be, else what pm2 says that it gave to it. */
  tree: string | undefined;
  config: string | undefined;
}

/** @returns every process of this PM2_HOME. @throws step-failed where pm2 does not answer. */
export async function pm2List(context: RuntimeContext): Promise<Pm2Process[]> {
  const result = await runPm2(context, ['jlist', '--no-color'], { quiet: true });
  const parsed = result.code === 0 ? parse(result.stdout) : undefined;
  if (parsed) return parsed.map((entry) => processOf(context, entry));
  throw stepFailed({
    what: result.timedOut ? 'pm2 did not answer in time' : 'pm2 could not list its processes',
    where: 'pm2 jlist',
    hint: 'Look at it by hand: pm2 ls; and its log: ~/.pm2/pm2.log',
    ...(result.code !== undefined && { rc: result.code }),
  });
}

/** pm2 may print warnings (an older daemon in memory, its banner) around the list. */
function parse(stdout: string): z.infer<typeof PROCESS>[] | undefined {
  const line = stdout.split('\n').findLast((each) => /^\[(\]|\{)/.test(each.trim()));
  if (line === undefined) return undefined;
  try {
    return z.array(PROCESS).parse(JSON.parse(line.trim().replace(/\](?!.*\]).*$/, ']')));
  } catch (error) {
    throw stepFailed({ what: 'pm2 answered with something other than a list of processes', where: 'pm2 jlist' }, error);
  }
}

function processOf(context: RuntimeContext, { name, pid, pm_id, pm2_env }: z.infer<typeof PROCESS>): Pm2Process {
  const living = pid && context.host.machine.alive(pid) ? pid : undefined;
  const own = living === undefined ? undefined : processEnvironment(context, living);
  return {
    name,
    id: pm_id,
    pid: living,
    namespace: pm2_env.namespace,
    status: pm2_env.status,
    restarts: pm2_env.restart_time,
    startedAt: pm2_env.pm_uptime === undefined ? '' : new Date(pm2_env.pm_uptime).toISOString(),
    exitCode: pm2_env.exit_code,
    errorLog: pm2_env.pm_err_log_path,
    tree: own ? own.get('ASD_TREE') : pm2_env.ASD_TREE,
    config: own ? own.get('ASD_CONFIG') : pm2_env.ASD_CONFIG,
  };
}

/** undefined where it may not be read (another user's process), or has just ended. */
function processEnvironment(context: RuntimeContext, pid: number): Map<string, string> | undefined {
  const text = readProc(context, pid, 'environ');
  if (!text) return undefined;
  return new Map(
    text.split('\0').map((entry) => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

function readProc(context: RuntimeContext, pid: number, file: 'environ' | 'stat'): string | undefined {
  try {
    return context.host.files.readText(`/proc/${pid}/${file}`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EACCES' || code === 'EPERM' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** From /proc/<pid>/stat (proc(5)): the state letter and the process group; undefined where the process is gone. */
export function processStat(context: RuntimeContext, pid: number): { state: string; group: number } | undefined {
  const text = readProc(context, pid, 'stat');
  const [state, , group] = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? [];
  return state && group ? { state, group: Number(group) } : undefined;
}

/** One process as the engine sees it. */
export function toRunning(context: RuntimeContext, entry: Pm2Process): RunningComponent {
  const running = entry.pid !== undefined && (entry.status === 'online' || entry.status === 'launching');
  const held = entry.pid !== undefined && processStat(context, entry.pid)?.state === 'T';
  return {
    name: entry.name,
    instance: `${entry.id}:${entry.pid ?? '-'}`,
    imageId: `tree:${entry.tree ?? 'unknown'}`,
    imageRef: '',
    running,
    ...(!running && entry.exitCode !== undefined && { exitCode: entry.exitCode }),
    restarts: entry.restarts,
    startedAt: entry.startedAt,
    paused: held,
    mounts: [],
    ...(entry.config && { configHash: entry.config }),
    project: entry.namespace,
  };
}
