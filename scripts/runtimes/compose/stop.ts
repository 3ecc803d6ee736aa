// Stopping a project's containers and starting the same ones again: nothing is recreated.
import { type Container, openDocker } from '../../host/docker.ts';
import { stepFailed } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { RuntimeContext } from '../runtime.ts';
import { isStateful, roleOf } from './document.ts';
import { componentName, PROJECT_LABEL, projectContainers, reconcile } from './running.ts';

const LOOK_MS = 100;
const LONGEST_MS = 60_000;

const isStatefulOne = (service: ServiceManifest, container: Container): boolean =>
  isStateful(roleOf(service, componentName(container), container.imageRef));

/** See Runtime.stop. */
export async function stop(
  context: RuntimeContext,
  service: ServiceManifest,
  project: string,
  which: 'all' | 'apps',
): Promise<void> {
  const engine = openDocker(context.host, context);
  // Also what has just ended: Docker may be about to start it again.
  const containers = (await reconcile(engine, project)).filter((each) => each.status !== 'created');
  const stateful = containers.filter((each) => isStatefulOne(service, each));
  // Whoever uses a database goes before it.
  for (const group of [containers.filter((each) => !stateful.includes(each)), which === 'all' ? stateful : []]) {
    await Promise.all(
      group.map(async (container) => {
        if (container.paused) await engine.act(container.id, 'unpause');
        await engine.act(container.id, 'stop');
      }),
    );
  }
}

/** See Runtime.start. */
export async function start(
  context: RuntimeContext,
  service: ServiceManifest,
  project: string,
  components: readonly string[],
): Promise<void> {
  const engine = openDocker(context.host, context);
  const containers = await projectContainers(engine, project);
  const gone = components.filter((name) => !containers.some((each) => componentName(each) === name));
  if (gone.length > 0)
    throw stepFailed({
      what: `${service.name} cannot be started as it was: there is no container of ${gone.join(', ')} any more`,
      where: `compose project ${project}`,
      hint: 'Start it from its compose file: docker compose up --detach',
    });
  const wanted = containers.filter((each) => components.includes(componentName(each)) && !each.running);
  const stateful = wanted.filter((each) => isStatefulOne(service, each));
  for (const group of [stateful, wanted.filter((each) => !stateful.includes(each))]) {
    await Promise.all(group.map((container) => engine.act(container.id, 'start')));
    await firstHealth(context, group);
  }
}

/** Docker's own check of what was started, where it has one, is waited for while it says `starting`: the health gate judges it. */
async function firstHealth(context: RuntimeContext, group: readonly Container[]): Promise<void> {
  const { clock } = context.host;
  const engine = openDocker(context.host, context);
  const ids = new Set(group.filter((each) => each.health !== undefined && each.health !== 'none').map(({ id }) => id));
  const end = clock.monotonicMs() + LONGEST_MS;
  while (ids.size > 0 && clock.monotonicMs() < end && !context.signal?.aborted) {
    const [first] = group;
    const project = first?.labels[PROJECT_LABEL] ?? '';
    const now = await projectContainers(engine, project);
    for (const each of now) if (each.health !== 'starting') ids.delete(each.id);
    if (ids.size > 0) await clock.sleep(LOOK_MS, context.signal);
  }
}
