// The simulated Compose: resolves a file, and exchanges containers in the order in which the real one does.
import { createHash } from 'node:crypto';
import { parse as parseEnv } from 'dotenv';
import { parse } from 'yaml';
import { remembering } from '../../model/remember.ts';
import { VOLUMES } from './docker-api.ts';
import type { SimContainer } from './docker-state.ts';
import { type Call, failed, type Outcome, said, textOf } from './program.ts';

/** Where docker looks for it. */
export const COMPOSE = '/usr/lib/docker/cli-plugins/docker-compose';

interface ServiceFile {
  image: string;
  environment?: Record<string, string>;
  ports?: Array<{ target: number; published: string; host_ip: string }>;
  volumes?: Array<{ type: 'volume' | 'bind'; source: string; target: string }>;
}

interface Document {
  name: string;
  services: Record<string, ServiceFile & { networks: Record<string, null> }>;
  networks: Record<string, { name: string }>;
  volumes: Record<string, { name: string }>;
}

interface Words {
  project: string;
  file: string;
  envFile: string | undefined;
  command: string[];
}

function wordsOf(argv: readonly string[]): Words {
  const words: Words = { project: '', file: '', envFile: undefined, command: [] };
  for (let at = 1; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    const next = () => argv[++at] ?? '';
    if (words.command.length > 0) words.command.push(word);
    else if (word === '-p') words.project = next();
    else if (word === '-f') words.file = next();
    else if (word === '--env-file') words.envFile = next();
    else if (word === '--project-directory') next();
    else if (!word.startsWith('--')) words.command.push(word);
  }
  return words;
}

interface RawDocument {
  services?: Record<string, ServiceFile>;
  volumes?: Record<string, { name?: string } | null>;
}

const parsed = remembering(500, (text) => parse(text) as RawDocument);

function documentOf(call: Call, { project, file, envFile }: Words): Document {
  const { disk } = call.world;
  const text = file === '-' ? textOf(call.input) : textOf(disk.get(file, { follow: true }).data);
  const variables = {
    ...(envFile === undefined ? {} : parseEnv(textOf(disk.get(envFile, { follow: true }).data))),
    ...call.env,
  };
  const filled = text.replaceAll(
    /\$\{(\w+)(?::-([^}]*))?\}/g,
    (_, name: string, other?: string) => variables[name] ?? other ?? '',
  );
  const raw = parsed(filled);
  return {
    name: project,
    services: Object.fromEntries(
      Object.entries(raw.services ?? {}).map(([name, each]) => [
        name,
        {
          ...each,
          networks: { default: null },
          // Compose resolves a port to text, however it was written.
          ...(each.ports ? { ports: each.ports.map((port) => ({ ...port, published: String(port.published) })) } : {}),
        },
      ]),
    ),
    networks: { default: { name: `${project}_default` } },
    volumes: Object.fromEntries(
      Object.entries(raw.volumes ?? {}).map(([key, each]) => [key, { name: each?.name ?? `${project}_${key}` }]),
    ),
  };
}

const hashOf = (service: unknown): string => createHash('sha256').update(JSON.stringify(service)).digest('hex');

function successor(call: Call, document: Document, service: string, name: string): SimContainer {
  const { world } = call;
  const wanted = document.services[service];
  const image = world.containers.tags.get(wanted?.image ?? '');
  if (wanted === undefined || image === undefined) throw new Error(`no image ${wanted?.image}`);
  return {
    id: world.containers.newId(),
    name,
    project: document.name,
    service,
    imageRef: wanted.image,
    imageId: image,
    status: 'created',
    paused: false,
    startedMs: 0,
    configHash: hashOf(wanted),
    variables: wanted.environment ?? {},
    mounts: (wanted.volumes ?? []).map(({ type, source, target }) => ({
      type,
      source: type === 'volume' ? (document.volumes[source]?.name ?? source) : source,
      target,
    })),
    ports: (wanted.ports ?? []).map(({ target, published, host_ip }) => ({
      target,
      hostPort: published,
      hostIp: host_ip,
    })),
    networks: [`${document.name}_default`],
  };
}

/** The network and the volumes that are not there yet. */
function makeResources(call: Call, document: Document): void {
  const { world } = call;
  for (const { name } of Object.values(document.networks)) {
    if (world.containers.networks.has(name)) continue;
    call.step('docker network create', name);
    world.containers.networks.set(name, document.name);
  }
  for (const { name } of Object.values(document.volumes)) {
    if (world.containers.volumes.has(name)) continue;
    call.step('docker volume create', name);
    world.containers.volumes.add(name);
    for (const path of [`${VOLUMES}/${name}`, `${VOLUMES}/${name}/_data`])
      if (world.disk.find(path) === undefined) world.disk.flush(world.disk.create(path, 'folder', 0o755));
    world.disk.flush(world.disk.get(VOLUMES));
    world.disk.flush(world.disk.get(`${VOLUMES}/${name}`));
  }
}

/** One service: the successor is made under the predecessor's id, which goes; then it gets its name, and is started. */
function exchange(call: Call, document: Document, service: string, force: boolean): Outcome | undefined {
  const { world } = call;
  const { containers } = world;
  const name = `${document.name}-${service}-1`;
  const old = containers.ofProject(document.name).find((each) => each.service === service);
  const wanted = document.services[service];
  if (wanted !== undefined && containers.tags.get(wanted.image) === undefined)
    return failed(1, `Error response from daemon: No such image: ${wanted.image}`);
  if (
    old !== undefined &&
    !force &&
    old.configHash === hashOf(wanted) &&
    old.imageId === containers.tags.get(wanted?.image ?? '')
  ) {
    call.step('docker start', old.name);
    containers.start(old, world.clock.now());
    return undefined;
  }
  const first = old === undefined ? name : `${old.id.slice(0, 12)}_${name}`;
  call.step('docker create', first);
  if (containers.byName(first) !== undefined)
    return failed(
      1,
      `Error response from daemon: Conflict. The container name "/${first}" is already in use by container "x".`,
    );
  const made = successor(call, document, service, first);
  containers.containers.set(made.id, made);
  if (old !== undefined) {
    call.step('docker stop', old.name);
    containers.stop(old, world.clock.now());
    call.step('docker remove', old.name);
    containers.containers.delete(old.id);
    call.step('docker rename', name);
    made.name = name;
  }
  call.step('docker start', name);
  const taken = made.ports.find(({ hostPort }) => containers.onPort(hostPort));
  if (taken !== undefined)
    return failed(1, `Error response from daemon: Bind for ${taken.hostPort} failed: port is already allocated`);
  containers.start(made, world.clock.now());
  return undefined;
}

function up(call: Call, words: Words): Outcome {
  const document = documentOf(call, words);
  makeResources(call, document);
  const services = words.command.slice(1).filter((word, at, all) => !word.startsWith('--') && all[at - 1] !== '--pull');
  const force = words.command.includes('--force-recreate');
  for (const service of services.length > 0 ? services : Object.keys(document.services)) {
    const refusal = exchange(call, document, service, force);
    if (refusal !== undefined) return refusal;
  }
  return said();
}

function down(call: Call, { project }: Words): Outcome {
  const { containers } = call.world;
  for (const each of containers.ofProject(project)) {
    call.step('docker stop', each.name);
    containers.stop(each, call.world.clock.now());
    call.step('docker remove', each.name);
    containers.containers.delete(each.id);
  }
  return said();
}

export function compose(call: Call): Outcome {
  if (call.argv[1] === 'version') return said('2.26.1\n');
  const words = wordsOf(call.argv);
  const [command] = words.command;
  if (command === 'up') return up(call, words);
  if (command === 'down') return down(call, words);
  if (command !== 'config') throw new Error(`the simulated compose has no ${command}`);
  const document = documentOf(call, words);
  if (!words.command.includes('--hash')) return said(JSON.stringify(document, null, 2));
  return said(
    Object.entries(document.services)
      .map(([name, each]) => `${name} ${hashOf(each)}\n`)
      .join(''),
  );
}
