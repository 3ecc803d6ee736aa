// Holding a service's apps still. A helper does it that lets go by itself: at end of its standard input, or when the time is over.
import { refused, stepFailed } from '../../model/error.ts';
import { type ServiceManifest, STATEFUL_ROLES } from '../../model/service.ts';
import type { Quiet, RuntimeContext } from '../runtime.ts';
import { pm2Argv, pm2Environment } from './command.ts';
import { type Pm2Process, pm2List, processStat } from './list.ts';
import { roleOf } from './resolve.ts';

// The helper ignores TERM: whoever ends it before its time must not leave a service frozen. `timeout` ends at end of input, too.
const PAUSE = `trap '' TERM INT HUP
max=$1; shift
kill -s STOP -- "$@" || { kill -s CONT -- "$@"; exit 1; }
echo held
timeout -s KILL "$max" cat >/dev/null
kill -s CONT -- "$@"`;
const STOP = `trap '' TERM INT HUP
max=$1; ids=$2; shift 2
"$@" stop --no-color $ids >/dev/null </dev/null || { "$@" start --no-color $ids >/dev/null </dev/null; exit 1; }
echo held
timeout -s KILL "$max" cat >/dev/null
"$@" start --no-color $ids >/dev/null </dev/null`;

/** A process group where the app leads one (pm2's fork mode); a worker of cluster mode shares its group with pm2's daemon. */
function target(context: RuntimeContext, pid: number): string {
  return processStat(context, pid)?.group === pid ? `-${pid}` : String(pid);
}

/** @throws step-failed where the apps could not be held. */
export async function quiescePm2(
  context: RuntimeContext,
  service: ServiceManifest,
  project: string,
  how: 'pause' | 'stop',
  maxMs: number,
): Promise<Quiet> {
  const held = (await pm2List(context)).filter((each) => {
    return each.namespace === project && each.pid !== undefined && !STATEFUL_ROLES.includes(roleOf(service, each.name));
  });
  const since = context.host.clock.monotonicMs();
  if (held.length === 0) return { since, release: async () => 0 };
  if (!context.host.exec.which('timeout', context.host.machine.env.PATH)) {
    throw refused({
      what: 'the command timeout was not found, and pausing needs it',
      where: service.name,
      hint: 'apt-get install coreutils',
    });
  }
  const helper = context.host.exec.start(argvOf(context, how, maxMs, held), { env: pm2Environment(context), cwd: '/' });
  const exited = helper.exited.then((code) => ({ code }));
  const first = helper.lines[Symbol.asyncIterator]().next();
  const answer = await Promise.race([first, exited]);
  if ('code' in answer || answer.value !== 'held') {
    helper.closeInput();
    await exited;
    throw stepFailed({
      what: `${service.name} could not be held still for its backup (${how})`,
      where: held.map((each) => each.name).join(', '),
    });
  }

  let duration: Promise<number> | undefined;
  const release = async () => {
    helper.closeInput();
    const { code } = await exited;
    if (code !== 0) await letGo(context, how, held);
    return Math.max(1, Math.round(context.host.clock.monotonicMs() - since));
  };
  return {
    since,
    release: () => {
      duration ??= release();
      return duration;
    },
  };
}

function argvOf(context: RuntimeContext, how: 'pause' | 'stop', maxMs: number, held: readonly Pm2Process[]): string[] {
  const seconds = (maxMs / 1000).toFixed(3);
  if (how === 'stop')
    return ['sh', '-c', STOP, 'hold', seconds, held.map((each) => each.id).join(' '), ...pm2Argv(context)];
  return [
    'sh',
    '-c',
    PAUSE,
    'hold',
    seconds,
    ...held.flatMap((each) => (each.pid === undefined ? [] : target(context, each.pid))),
  ];
}

/** The helper did not end as it should: the same once more, by ourselves. */
async function letGo(context: RuntimeContext, how: 'pause' | 'stop', held: readonly Pm2Process[]): Promise<void> {
  const options = { env: pm2Environment(context), cwd: '/', timeoutMs: 30_000 };
  if (how === 'stop') {
    await context.host.exec.run(
      [...pm2Argv(context), 'start', '--no-color', ...held.map((each) => String(each.id))],
      options,
    );
    return;
  }
  const pids = held.flatMap((each) =>
    each.pid !== undefined && context.host.machine.alive(each.pid) ? target(context, each.pid) : [],
  );
  if (pids.length > 0) await context.host.exec.run(['kill', '-s', 'CONT', '--', ...pids], options);
}
