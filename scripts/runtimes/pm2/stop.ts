// Stopping a namespace's apps and starting the same ones again, with the environment that they had.
import { stepFailed } from '../../model/error.ts';
import { type ServiceManifest, STATEFUL_ROLES } from '../../model/service.ts';
import type { RuntimeContext } from '../runtime.ts';
import { runPm2 } from './command.ts';
import { type Pm2Process, pm2List } from './list.ts';
import { roleOf } from './resolve.ts';

const ONLINE = new Set(['online', 'launching']);

const processes = async (context: RuntimeContext, project: string): Promise<Pm2Process[]> =>
  (await pm2List(context)).filter((each) => each.namespace === project);

async function act(
  context: RuntimeContext,
  service: ServiceManifest,
  action: 'stop' | 'start',
  wanted: readonly Pm2Process[],
): Promise<void> {
  if (wanted.length === 0) return;
  const result = await runPm2(context, [action, '--no-color', ...wanted.map((each) => String(each.id))]);
  if (result.code === 0) return;
  throw stepFailed({
    what: `pm2 could not ${action} ${wanted.map((each) => each.name).join(', ')}`,
    where: service.name,
    details: result.tail.slice(-10),
    ...(result.code === undefined ? {} : { rc: result.code }),
  });
}

/** See Runtime.stop. */
export async function stopPm2(
  context: RuntimeContext,
  service: ServiceManifest,
  project: string,
  which: 'all' | 'apps',
): Promise<void> {
  const mine = await processes(context, project);
  const wanted = mine.filter(
    (each) => each.status !== 'stopped' && (which === 'all' || !STATEFUL_ROLES.includes(roleOf(service, each.name))),
  );
  await act(context, service, 'stop', wanted);
  const left = (await processes(context, project)).filter(
    (each) => wanted.some((one) => one.id === each.id) && each.pid !== undefined,
  );
  if (left.length > 0)
    throw stepFailed({ what: `pm2 still runs ${left.map((each) => each.name).join(', ')}`, where: service.name });
}

/** See Runtime.start. */
export async function startPm2(
  context: RuntimeContext,
  service: ServiceManifest,
  project: string,
  components: readonly string[],
): Promise<void> {
  const mine = await processes(context, project);
  const gone = components.filter((name) => !mine.some((each) => each.name === name));
  if (gone.length > 0)
    throw stepFailed({
      what: `${service.name} cannot be started as it was: pm2 does not know ${gone.join(', ')} any more`,
      where: service.name,
      hint: `Start it from its package: pm2 start ecosystem.config.cjs --namespace ${project}`,
    });
  const wanted = mine.filter((each) => components.includes(each.name) && !ONLINE.has(each.status));
  const stateful = wanted.filter((each) => STATEFUL_ROLES.includes(roleOf(service, each.name)));
  await act(context, service, 'start', stateful);
  await act(
    context,
    service,
    'start',
    wanted.filter((each) => !stateful.includes(each)),
  );
}
