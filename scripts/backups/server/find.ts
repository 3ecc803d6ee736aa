// The container that a service's database server runs in.
import { type Container, openDocker } from '../../host/docker.ts';
import { refused } from '../../model/error.ts';
import type { ContainerRole } from '../../model/service.ts';
import type { BackupContext } from '../kind.ts';

export interface DatabaseServer {
  id: string;
  /** For commands that people type. */
  name: string;
  imageId: string;
  running: boolean;
  mounts: Container['mounts'];
  /** Names of its environment variables. */
  variables: string[];
}

const wanted = (context: BackupContext): string => `packages/${context.service.name}/manifest.yaml, database.container`;

/** Its name in the compose file: what the manifest names, else the one component of these roles. undefined: a container that is not the service's own. */
function componentName(context: BackupContext, roles: readonly ContainerRole[]): string | undefined {
  const { containers, database } = context.service;
  const named = database?.container;
  if (named !== undefined) return containers.find((each) => each.name === named)?.service;
  const found = context.resolved.components.filter((component) => roles.includes(component.role));
  if (found.length === 1) return found[0]?.name;
  throw refused({
    what:
      found.length === 0
        ? `no container of ${context.service.name} has the role ${roles.join(' or ')}`
        : `several containers of ${context.service.name} could be its database: ${found.map(({ name }) => name).join(', ')}`,
    where: wanted(context),
    hint: 'Name it: database.container.',
  });
}

async function lookFor(context: BackupContext, roles: readonly ContainerRole[]): Promise<Container | undefined> {
  const docker = openDocker(context.host, limits(context), refused);
  const component = componentName(context, roles);
  const instance = context.running.find(({ name }) => name === component && component !== undefined)?.instance;
  const named = context.service.database?.container;
  const candidates = [
    instance,
    ...(named === undefined ? [] : [`${context.env.CONTAINER_PREFIX ?? ''}${named}`, named]),
  ];
  for (const each of candidates) {
    const found = each === undefined ? undefined : await docker.container(each);
    if (found !== undefined) return found;
  }
  if (component === undefined) return undefined;
  const labels = [`com.docker.compose.project=${context.resolved.project}`, `com.docker.compose.service=${component}`];
  return (await docker.containers(labels))[0];
}

const limits = (context: BackupContext) => ({
  timeoutMs: context.timeoutMs,
  ...(context.signal === undefined ? {} : { signal: context.signal }),
});

/** @param roles which component it is where the manifest names none. @throws refused where there is none, or more than one. */
export async function findServer(context: BackupContext, roles: readonly ContainerRole[]): Promise<DatabaseServer> {
  const found = await lookFor(context, roles);
  if (found !== undefined) {
    const { id, name, imageId, running, paused, mounts, variables } = found;
    return { id, name, imageId, running: running && !paused, mounts, variables };
  }
  throw refused({
    what: `the database container ${context.service.database?.container ?? `of ${context.service.name}`} does not exist`,
    where: wanted(context),
    hint: 'Compare with `docker ps --all`; a dump is taken from the running server.',
  });
}

/** The same, and it has to run. @throws refused. */
export async function runningServer(context: BackupContext, roles: readonly ContainerRole[]): Promise<DatabaseServer> {
  const server = await findServer(context, roles);
  if (server.running) return server;
  throw refused({
    what: `the database container ${server.name} is not running, so its data can be neither dumped nor restored`,
    where: wanted(context),
    hint: `docker start ${server.name}`,
  });
}

/** The mount that holds a folder of the container: its volume, or its path on this host. */
export function mountOf(server: DatabaseServer, folder: string): Container['mounts'][number] | undefined {
  return server.mounts
    .filter(({ target }) => folder === target || folder.startsWith(`${target}/`))
    .toSorted((a, b) => b.target.length - a.target.length)[0];
}
