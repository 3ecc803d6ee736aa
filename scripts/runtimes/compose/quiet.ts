// Holding a project still: its app and worker containers paused or stopped, with a helper that lets them go if we cannot.
import { type Docker, openDocker } from '../../host/docker.ts';
import { cleanEnvironment } from '../../host/environment.ts';
import type { LongProcess } from '../../host/port.ts';
import type { ServiceManifest } from '../../model/service.ts';
import { helperMark } from '../quiet-helper.ts';
import type { Quiet, RuntimeContext } from '../runtime.ts';
import { isStateful, roleOf } from './document.ts';
import { componentName, projectContainers } from './running.ts';
import { noteStopped } from './stopped.ts';

/**
 * Waits until its input ends (we were killed) or the time is over, then lets the containers go, trying again while docker does not answer.
 * Plain sh, since it has to run beside an engine that is gone. Arguments: seconds, `unpause` or `start`, container ids.
 */
const HELPER = `
timeout "$1" cat >/dev/null
shift
docker "$@" && exit
action=$1
shift
for again in 1 2 3 4 5 6 7 8 9 10; do
  left=
  for id in "$@"; do
    case $(docker inspect --format '{{.State.Status}}' "$id" 2>&1) in
    running | *"o such "*) ;;
    *) docker "$action" "$id" || left=yes ;;
    esac
  done
  [ -z "$left" ] && exit
  sleep 1
done
`;

/** See Runtime.quiesce. What is stateful, not running or already paused is left as it is. */
export async function quiesce(
  context: RuntimeContext,
  service: ServiceManifest,
  project: string,
  how: 'pause' | 'stop',
  maxMs: number,
): Promise<Quiet> {
  const { signal: _, ...unstoppable } = context;
  const engine = openDocker(context.host, unstoppable);
  const containers = (await projectContainers(engine, project)).filter(
    (container) =>
      container.running &&
      !container.paused &&
      !isStateful(roleOf(service, componentName(container), container.imageRef)),
  );
  const ids = containers.map((container) => container.id);
  const { clock } = context.host;
  const since = clock.monotonicMs();
  if (ids.length === 0) return { since, release: once(async () => clock.monotonicMs() - since) };

  const forget = how === 'stop' ? noteStopped(context, project, ids) : () => undefined;
  const helper = startHelper(context, how, maxMs, ids);
  try {
    await Promise.all(ids.map((id) => engine.act(id, how)));
  } catch (error) {
    await letGo(engine, how, ids, helper);
    forget();
    throw error;
  }
  return {
    since,
    release: once(async () => {
      await letGo(engine, how, ids, helper);
      forget();
      return clock.monotonicMs() - since;
    }),
  };
}

function startHelper(context: RuntimeContext, how: 'pause' | 'stop', maxMs: number, ids: string[]): LongProcess {
  const { exec, machine } = context.host;
  const action = how === 'pause' ? 'unpause' : 'start';
  return exec.start(['sh', '-c', HELPER, 'sh', (maxMs / 1000).toFixed(3), action, ...ids], {
    cwd: '/',
    env: cleanEnvironment(machine.env),
    ...helperMark(context),
  });
}

/** First the containers, then the helper: it may not be gone before they run again. */
async function letGo(engine: Docker, how: 'pause' | 'stop', ids: string[], helper: LongProcess): Promise<void> {
  await Promise.all(ids.map((id) => engine.act(id, how === 'pause' ? 'unpause' : 'start')));
  await helper.end();
}

function once(act: () => Promise<number>): () => Promise<number> {
  let done: Promise<number> | undefined;
  return () => {
    done ??= act();
    return done;
  };
}
