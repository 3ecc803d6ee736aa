// What runs now, found by compose's own labels.
import type { Container, Docker } from '../../host/docker.ts';
import type { Mount, RunningComponent } from '../runtime.ts';

export const PROJECT_LABEL = 'com.docker.compose.project';
const SERVICE_LABEL = 'com.docker.compose.service';
const NUMBER_LABEL = 'com.docker.compose.container-number';
const HASH_LABEL = 'com.docker.compose.config-hash';
/** Compose creates a successor under this name and renames it when the old container is gone. */
const HALF_RENAMED = /^[0-9a-f]{12}_(.+)$/;

export const componentName = (container: Container): string => container.labels[SERVICE_LABEL] ?? container.name;
const slot = (container: Container): string => `${componentName(container)}/${container.labels[NUMBER_LABEL] ?? '1'}`;

export const projectContainers = (docker: Docker, project: string): Promise<Container[]> =>
  docker.containers([`${PROJECT_LABEL}=${project}`]);

/** What a killed compose left: successors beside their predecessor, and successors that were not renamed any more. */
export function leftovers(containers: Container[]): {
  surplus: Container[];
  unnamed: Array<{ container: Container; name: string }>;
} {
  const surplus: Container[] = [];
  const unnamed: Array<{ container: Container; name: string }> = [];
  for (const container of containers) {
    const name = HALF_RENAMED.exec(container.name)?.[1];
    if (name === undefined) continue;
    const twins = containers.filter((other) => other.id !== container.id && slot(other) === slot(container));
    const named = twins.some((other) => !HALF_RENAMED.test(other.name));
    const earlier = unnamed.some((other) => slot(other.container) === slot(container));
    if (named || earlier) surplus.push(container);
    else unnamed.push({ container, name });
  }
  return { surplus, unnamed };
}

export async function hasLeftovers(docker: Docker, project: string): Promise<boolean> {
  const { surplus, unnamed } = leftovers(await projectContainers(docker, project));
  return surplus.length + unnamed.length > 0;
}

/** Removes surplus successors and gives the others their name: a database's anonymous volumes hang on them. @returns what is there after it. */
export async function reconcile(docker: Docker, project: string): Promise<Container[]> {
  const containers = await projectContainers(docker, project);
  const { surplus, unnamed } = leftovers(containers);
  if (surplus.length + unnamed.length === 0) return containers;
  for (const container of surplus) await docker.remove(container.id);
  for (const { container, name } of unnamed) await docker.rename(container.id, name);
  return projectContainers(docker, project);
}

/** See Runtime.running. A successor that a killed compose left beside its predecessor does not count. */
export async function runningComponents(docker: Docker, project: string): Promise<RunningComponent[]> {
  const containers = await projectContainers(docker, project);
  const { surplus } = leftovers(containers);
  return containers
    .filter((container) => !surplus.includes(container))
    .map((container) => runningOf(container, project));
}

export function runningOf(container: Container, project: string): RunningComponent {
  const { health } = container;
  const hash = container.labels[HASH_LABEL];
  const live = container.running && container.status !== 'restarting';
  return {
    name: componentName(container),
    instance: container.id,
    imageId: container.imageId,
    imageRef: container.imageRef,
    running: live,
    ...(live || container.status === 'created' ? {} : { exitCode: container.exitCode }),
    ...(health === 'starting' || health === 'healthy' || health === 'unhealthy' ? { health } : {}),
    restarts: container.restarts,
    startedAt: container.startedAt,
    paused: container.paused,
    mounts: container.mounts.flatMap(({ type, source, target, writable }): Mount[] =>
      type === 'volume' || type === 'bind' ? [{ kind: type, source, target, writable }] : [],
    ),
    ...(hash === undefined ? {} : { configHash: hash }),
    project,
  };
}
