// The simulated Docker engine's HTTP interface, as far as the engine asks it.
import type { SimContainer } from './docker-state.ts';
import { Hung } from './program.ts';
import type { World } from './world.ts';

export const VOLUMES = '/var/lib/docker/volumes';

interface Answer {
  status: number;
  json: unknown;
}

const ok = (json: unknown): Answer => ({ status: 200, json });
const done: Answer = { status: 204, json: undefined };

/** What the daemon does. @throws Hung. @returns its refusal where it does not. */
function effect(world: World, what: string, path: string): Answer | undefined {
  const struck = world.effect(what, path);
  if (struck?.kind === 'hang') throw new Hung(what);
  return struck?.kind === 'exit'
    ? { status: 500, json: { message: `it was told to fail (${struck.code})` } }
    : undefined;
}

const none = (what: string): Answer => ({ status: 404, json: { message: `No such ${what}` } });

const labelsOf = (each: SimContainer): Record<string, string> => ({
  'com.docker.compose.project': each.project,
  'com.docker.compose.service': each.service,
  'com.docker.compose.container-number': '1',
  'com.docker.compose.oneoff': 'False',
  'com.docker.compose.config-hash': each.configHash,
});

const bindings = (each: SimContainer) =>
  Object.fromEntries(
    each.ports.map(({ hostIp, hostPort, target }) => [`${target}/tcp`, [{ HostIp: hostIp, HostPort: hostPort }]]),
  );

function inspect(each: SimContainer): unknown {
  return {
    Id: each.id,
    Name: `/${each.name}`,
    Image: each.imageId,
    RestartCount: 0,
    State: {
      Status: each.paused ? 'paused' : each.status,
      Running: each.status === 'running',
      Paused: each.paused,
      ExitCode: 0,
      StartedAt: new Date(each.startedMs).toISOString(),
    },
    Config: {
      Image: each.imageRef,
      Labels: labelsOf(each),
      Env: Object.entries(each.variables).map(([name, value]) => `${name}=${value}`),
    },
    HostConfig: { PortBindings: bindings(each) },
    NetworkSettings: { Networks: Object.fromEntries(each.networks.map((name) => [name, {}])), Ports: bindings(each) },
    Mounts: each.mounts.map(({ type, source, target }) => ({
      Type: type,
      ...(type === 'volume' ? { Name: source, Source: `${VOLUMES}/${source}/_data` } : { Source: source }),
      Destination: target,
      RW: true,
    })),
  };
}

type Filter = 'label' | 'volume' | 'network' | 'status' | 'reference' | 'event';

const filtersOf = (query: URLSearchParams): Partial<Record<Filter, string[]>> =>
  JSON.parse(query.get('filters') ?? '{}');

function listed(world: World, query: URLSearchParams): Answer {
  const filters = filtersOf(query);
  const fits = (each: SimContainer): boolean => {
    const labels = labelsOf(each);
    return (
      (filters.label ?? []).every(
        (label) => labels[label.slice(0, label.indexOf('='))] === label.slice(label.indexOf('=') + 1),
      ) &&
      (filters.network ?? []).every((name) => each.networks.includes(name)) &&
      (filters.volume ?? []).every((volume) => each.mounts.some(({ source }) => source === volume)) &&
      (filters.status === undefined || filters.status.includes(each.paused ? 'paused' : each.status))
    );
  };
  return ok(
    [...world.containers.containers.values()]
      .filter(fits)
      .map((each) => ({ Id: each.id, Names: [`/${each.name}`], State: each.status, Labels: labelsOf(each) })),
  );
}

function image(world: World, ref: string): Answer {
  const { containers } = world;
  const id = containers.images.has(ref) ? ref : containers.tags.get(ref);
  if (id === undefined) return none('image');
  const tags = [...containers.tags].filter(([, each]) => each === id).map(([tag]) => tag);
  return ok({ Id: id, RepoTags: tags, RepoDigests: [], Config: { Env: [] } });
}

function act(world: World, each: SimContainer, action: string, query: URLSearchParams): Answer {
  const { containers } = world;
  const refusal = effect(world, `docker ${action}`, each.name);
  if (refusal !== undefined) return refusal;
  const nowMs = world.clock.now();
  if (action === 'start') containers.start(each, nowMs);
  else if (action === 'stop') {
    if (each.paused) throw new Error(`${each.name} is paused: it would not hear TERM`);
    containers.stop(each, nowMs);
  } else if (action === 'rename') each.name = query.get('name') ?? each.name;
  else if (action === 'pause') {
    if (each.paused) return { status: 409, json: { message: `Container ${each.id} is already paused` } };
    each.paused = true;
  } else if (action === 'unpause') {
    if (!each.paused) return { status: 500, json: { message: `Container ${each.id} is not paused` } };
    each.paused = false;
  } else throw new Error(`the simulated docker has no ${action}`);
  return done;
}

function network(world: World, method: string, path: string, query: URLSearchParams): Answer {
  const { networks } = world.containers;
  const shown = (name: string) => ({ Name: name, Labels: { 'com.docker.compose.project': networks.get(name) } });
  const name = decodeURIComponent(path.slice('/networks/'.length));
  if (name === '') {
    const [label = ''] = filtersOf(query).label ?? [];
    return ok(
      [...networks]
        .filter(([, project]) => label === `com.docker.compose.project=${project}`)
        .map(([each]) => shown(each)),
    );
  }
  if (!networks.has(name)) return none('network');
  if (method !== 'DELETE') return ok(shown(name));
  const refusal = effect(world, 'docker network remove', name);
  if (refusal !== undefined) return refusal;
  networks.delete(name);
  return done;
}

/** The images that have a tag in one of the repositories. */
function tagged({ containers }: World, query: URLSearchParams): Answer {
  const { reference = [] } = filtersOf(query);
  const refs = [...containers.tags.keys()].filter((ref) => reference.includes(ref.slice(0, ref.lastIndexOf(':'))));
  return ok(refs.map((ref) => ({ Id: containers.tags.get(ref), RepoTags: [ref] })));
}

function untag(world: World, ref: string): Answer {
  const refusal = effect(world, 'docker untag', ref);
  if (refusal !== undefined) return refusal;
  return world.containers.tags.delete(ref) ? ok([{ Untagged: ref }]) : none('image');
}

/** @throws Error for a call that the simulation does not know, Killed. */
export function dockerApi(world: World, method: string, url: string): Answer {
  const [path = '', search = ''] = url.split('?');
  const query = new URLSearchParams(search);
  const { containers } = world;
  if (path === '/version') return ok({ Version: '20.10.24', Os: 'linux', Arch: 'amd64' });
  if (path === '/containers/json') return listed(world, query);
  if (path.startsWith('/networks')) return network(world, method, path, query);
  const volume = /^\/volumes\/(.+)$/.exec(path)?.[1];
  if (volume !== undefined) {
    const name = decodeURIComponent(volume);
    return containers.volumes.has(name)
      ? ok({ Name: name, Driver: 'local', Mountpoint: `${VOLUMES}/${name}/_data`, Options: null })
      : none('volume');
  }
  if (path === '/images/json') return tagged(world, query);
  const [, ref, what] = /^\/images\/(.+?)\/(json|tag)$/.exec(path) ?? [];
  if (ref !== undefined && what === 'json') return image(world, decodeURI(ref));
  if (ref !== undefined) {
    const refusal = effect(world, 'docker tag', `${query.get('repo')}:${query.get('tag')}`);
    if (refusal !== undefined) return refusal;
    if (!containers.images.has(decodeURI(ref))) return none('image');
    containers.tags.set(`${query.get('repo')}:${query.get('tag')}`, decodeURI(ref));
    return { status: 201, json: undefined };
  }
  const named = /^\/images\/(.+)$/.exec(path)?.[1];
  if (named !== undefined && method === 'DELETE') return untag(world, decodeURI(named));
  const [, word = '', action] = /^\/containers\/([^/]+)(?:\/([a-z]+))?$/.exec(path) ?? [];
  const each = containers.containers.get(word) ?? containers.byName(decodeURIComponent(word));
  if (each === undefined) return none('container');
  if (action === 'json') return ok(inspect(each));
  if (method === 'POST' && action !== undefined) return act(world, each, action, query);
  if (method === 'DELETE') {
    const refusal = effect(world, 'docker remove', each.name);
    if (refusal !== undefined) return refusal;
    containers.stop(each, world.clock.now());
    containers.containers.delete(each.id);
    return done;
  }
  throw new Error(`the simulated docker has no ${method} ${path}`);
}

/** The events of a time that is over; without a `since`, nothing has happened yet. */
export function dockerEvents(world: World, url: string): unknown[] {
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  const filters = filtersOf(query);
  const ms = (name: string, otherwise: number) => (query.has(name) ? Number(query.get(name)) * 1000 : otherwise);
  return world.containers.events
    .filter((each) => (filters.event ?? [each.action]).includes(each.action))
    .filter((each) => (filters.label ?? []).every((label) => label === `com.docker.compose.project=${each.project}`))
    .filter((each) => each.atMs >= ms('since', world.clock.now()) && each.atMs <= ms('until', Number.POSITIVE_INFINITY))
    .map((each) => ({
      Action: each.action,
      timeNano: each.atMs * 1e6,
      Actor: {
        ID: each.id,
        Attributes: { 'com.docker.compose.project': each.project, 'com.docker.compose.service': each.service },
      },
    }));
}
