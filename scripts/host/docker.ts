// The Docker engine, spoken to over its unix socket: a fraction of a millisecond where the command line takes twenty.
import { type ErrorFacts, ReleaseError, refused, stepFailed } from '../model/error.ts';
import {
  type Container,
  containerOf,
  type Image,
  type Listed,
  list,
  listed,
  messageOf,
  names,
  number,
  text,
  texts,
  valuesOf,
  wire,
} from './docker-wire.ts';
import type { Host } from './port.ts';

export type { Container, Image, Listed } from './docker-wire.ts';

export interface DockerEvent {
  action: string;
  containerId: string;
  labels: Record<string, string>;
  /** Since the epoch. */
  atMs: number;
}

/** What a registry says of a reference. `platforms` are `os/architecture`. */
export type Distribution = { digest: string; platforms: string[] } | { refusal: string; status: number };

export interface Docker {
  readonly socket: string;
  version(): Promise<{ version: string; platform: string }>;
  /** All containers, running or not, that carry all of the labels (`key=value`); one-off `run` containers are not among them. */
  containers(labels: string[]): Promise<Container[]>;
  /** All that the engine says of a container; of one that is gone, nothing that means anything. */
  inspect(id: string): Promise<unknown>;
  image(ref: string): Promise<Image | undefined>;
  volumeExists(name: string): Promise<boolean>;
  networkExists(name: string): Promise<boolean>;
  /** The networks that carry all of the labels. */
  networks(labels: string[]): Promise<Array<{ name: string; labels: Record<string, string> }>>;
  /** Where the files of a volume are, as the engine says it; undefined where there is none. */
  volumeFolder(name: string): Promise<string | undefined>;
  /** Every container, running or not, that is attached to the network, or mounts the volume. */
  users(of: { network: [string] } | { volume: [string] }): Promise<Listed[]>;
  /** Every running container that this TCP port of the host leads to. */
  publishers(port: number): Promise<Listed[]>;
  removeNetwork(name: string): Promise<void>;
  /** The container of that name, whoever made it. */
  container(name: string): Promise<Container | undefined>;
  /** Asks the registry; nothing is pulled. @param auth value of X-Registry-Auth. */
  distribution(ref: string, auth?: string): Promise<Distribution>;
  tag(id: string, name: string, tag: string): Promise<void>;
  /** Every `repository:tag` that an image here has in one of these repositories. */
  tags(repositories: readonly string[]): Promise<string[]>;
  /** Takes a tag away, and with its last one the image; one that is gone is no error. An image that a container uses keeps its last tag: that fails. */
  untag(ref: string): Promise<void>;
  /** What already is so, or is gone, is no error. */
  act(id: string, action: 'pause' | 'unpause' | 'start' | 'stop'): Promise<void>;
  /** Ends and removes a container; its volumes stay. */
  remove(id: string): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  /** Events of containers with the label: from now until the signal, or those of a time that is over. */
  events(
    label: string,
    options: { actions: string[]; signal: AbortSignal; sinceMs?: number; untilMs?: number },
  ): AsyncIterable<DockerEvent>;
}

const API_MS = 15_000;

/** @throws refused where DOCKER_HOST is no unix socket. */
export function dockerSocket(env: Readonly<Record<string, string>>): string {
  const host = env.DOCKER_HOST ?? '';
  if (host === '') return '/var/run/docker.sock';
  if (host.startsWith('unix://')) return host.slice('unix://'.length);
  throw refused({
    what: 'DOCKER_HOST does not name a unix socket',
    where: 'DOCKER_HOST',
    hint: 'A release runs on the host itself: unset DOCKER_HOST, or set it to unix:///path/to/docker.sock.',
  });
}

/**
 * @param options.timeoutMs of one call; 15 s for looks, this for stop and start.
 * @param fail what an answer that is an error becomes: `refused` while only looking, `stepFailed` in a step.
 */
export function openDocker(
  host: Host,
  options: { timeoutMs: number; signal?: AbortSignal },
  fail: (facts: ErrorFacts, cause?: unknown) => ReleaseError = stepFailed,
): Docker {
  const socket = dockerSocket(host.machine.env);

  async function raw(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    timeoutMs = Math.min(API_MS, options.timeoutMs),
    headers?: Record<string, string>,
  ) {
    try {
      return await host.http.unix(socket, method, path, {
        timeoutMs,
        ...(options.signal ? { signal: options.signal } : {}),
        ...(headers ? { headers } : {}),
      });
    } catch (error) {
      if (error instanceof ReleaseError) throw error;
      const { user } = host.machine;
      if (error instanceof Error && 'code' in error && error.code === 'EACCES')
        throw fail(
          {
            what: `User ${user} may not talk to Docker on ${socket}`,
            where: socket,
            hint: ['As root, then log in again:', `usermod -aG docker ${user}`],
          },
          error,
        );
      throw fail(
        {
          what: `Docker does not answer on ${socket}: ${error instanceof Error ? error.message : String(error)}`,
          where: socket,
          hint: ['systemctl status docker', 'systemctl start docker'],
        },
        error,
      );
    }
  }

  async function call(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    accepted: number[] = [],
    timeoutMs?: number,
  ): Promise<{ status: number; json: unknown }> {
    const answer = await raw(method, path, timeoutMs);
    if (answer.status < 400 || accepted.includes(answer.status)) return answer;
    throw fail({
      what: `Docker refused ${method} ${path.split('?')[0]}: ${messageOf(answer.json, answer.status)}`,
      where: socket,
    });
  }

  const inspect = async (id: string): Promise<Container | undefined> => {
    const answer = await call('GET', `/containers/${id}/json`, [404]);
    return answer.status === 404 ? undefined : containerOf(wire(answer.json));
  };

  return {
    socket,
    async version() {
      const json = wire((await call('GET', '/version')).json);
      return { version: text(json.Version), platform: `${text(json.Os)}/${text(json.Arch)}` };
    },
    async containers(labels) {
      const filters = encodeURIComponent(JSON.stringify({ label: [...labels, 'com.docker.compose.oneoff=False'] }));
      const found = list((await call('GET', `/containers/json?all=1&filters=${filters}`)).json);
      const inspected = await Promise.all(found.map((each) => inspect(text(wire(each).Id))));
      return inspected.filter((each) => each !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    container: (name) => inspect(encodeURIComponent(name)),
    inspect: async (id) => (await call('GET', `/containers/${id}/json`, [404])).json,
    async image(ref) {
      const answer = await call('GET', `/images/${encodeURI(ref)}/json`, [404]);
      if (answer.status === 404) return undefined;
      const json = wire(answer.json);
      return {
        id: text(json.Id),
        tags: list(json.RepoTags).map(text),
        digests: list(json.RepoDigests).map(text),
        variables: names(wire(json.Config).Env),
        environment: valuesOf(wire(json.Config).Env),
        labels: texts(wire(json.Config).Labels),
        entrypoint: list(wire(json.Config).Entrypoint).map(text),
        command: list(wire(json.Config).Cmd).map(text),
      };
    },
    async networkExists(name) {
      return (await call('GET', `/networks/${encodeURIComponent(name)}`, [404])).status !== 404;
    },
    async networks(labels) {
      const filters = encodeURIComponent(JSON.stringify({ label: labels }));
      const found = list((await call('GET', `/networks?filters=${filters}`)).json);
      return found.map((each) => ({ name: text(wire(each).Name), labels: texts(wire(each).Labels) }));
    },
    async users(of) {
      const filters = encodeURIComponent(JSON.stringify(of));
      return listed((await call('GET', `/containers/json?all=1&filters=${filters}`)).json);
    },
    async publishers(port) {
      const leadsTo = (published: unknown) => {
        const { PublicPort, Type } = wire(published);
        return number(PublicPort) === port && text(Type) === 'tcp';
      };
      const running = list((await call('GET', '/containers/json')).json);
      return listed(running.filter((each) => list(wire(each).Ports).some(leadsTo)));
    },
    async removeNetwork(name) {
      await call('DELETE', `/networks/${encodeURIComponent(name)}`, [404]);
    },
    async volumeFolder(name) {
      const answer = await call('GET', `/volumes/${encodeURIComponent(name)}`, [404]);
      return answer.status === 404 ? undefined : text(wire(answer.json).Mountpoint) || undefined;
    },
    async volumeExists(name) {
      return (await call('GET', `/volumes/${encodeURIComponent(name)}`, [404])).status !== 404;
    },
    async distribution(ref, auth) {
      const answer = await raw(
        'GET',
        `/distribution/${encodeURI(ref)}/json`,
        options.timeoutMs,
        auth ? { 'X-Registry-Auth': auth } : undefined,
      );
      if (answer.status >= 400) return { refusal: messageOf(answer.json, answer.status), status: answer.status };
      const json = wire(answer.json);
      const platforms = list(json.Platforms).map((each) => `${text(wire(each).os)}/${text(wire(each).architecture)}`);
      return { digest: text(wire(json.Descriptor).digest), platforms };
    },
    async tag(id, name, tag) {
      await call('POST', `/images/${id}/tag?repo=${encodeURIComponent(name)}&tag=${encodeURIComponent(tag)}`);
    },
    async tags(repositories) {
      const filters = encodeURIComponent(JSON.stringify({ reference: repositories }));
      const images = list((await call('GET', `/images/json?filters=${filters}`)).json);
      const refs = images.flatMap((each) => list(wire(each).RepoTags).map(text));
      return refs.filter((ref) => repositories.includes(ref.slice(0, ref.lastIndexOf(':'))));
    },
    async untag(ref) {
      await call('DELETE', `/images/${encodeURI(ref)}`, [404], options.timeoutMs);
    },
    async act(id, action) {
      const answer = await raw('POST', `/containers/${id}/${action}`, options.timeoutMs);
      const message = messageOf(answer.json, answer.status);
      if (answer.status < 400 || answer.status === 404 || /is not paused|already paused/i.test(message)) return;
      throw fail({ what: `Docker could not ${action} the container ${id.slice(0, 12)}: ${message}`, where: socket });
    },
    async remove(id) {
      await call('DELETE', `/containers/${id}?force=1`, [404, 409], options.timeoutMs);
    },
    async rename(id, name) {
      await call('POST', `/containers/${id}/rename?name=${encodeURIComponent(name)}`);
    },
    async *events(label, { actions, signal, sinceMs, untilMs }) {
      const query = new URLSearchParams({
        filters: JSON.stringify({ type: ['container'], label: [label], event: actions }),
      });
      if (sinceMs !== undefined) query.set('since', (sinceMs / 1000).toFixed(3));
      if (untilMs !== undefined) query.set('until', (untilMs / 1000).toFixed(3));
      for await (const line of host.http.unixLines(socket, `/events?${query}`, signal)) {
        const json = wire(line);
        const actor = wire(json.Actor);
        yield {
          action: text(json.Action),
          containerId: text(actor.ID),
          labels: texts(actor.Attributes),
          atMs: number(json.timeNano) / 1e6,
        };
      }
    },
  };
}
