// The resolved compose document, read: components, ports, mounts and the files that it names.
import type { ContainerRole, ServiceManifest } from '../../model/service.ts';
import { STATEFUL_ROLES } from '../../model/service.ts';
import type { Mount, ResolvedComponent } from '../runtime.ts';

interface ComposeMount {
  type: string;
  source?: string;
  target: string;
  read_only?: boolean;
  bind?: { selinux?: string };
}

interface ComposeService {
  image?: string;
  build?: unknown;
  ports?: Array<{ host_ip?: string; published?: string; protocol?: string }>;
  volumes?: ComposeMount[];
  depends_on?: Record<string, unknown>;
  environment?: Record<string, unknown>;
  labels?: Record<string, unknown>;
  networks?: Record<string, unknown> | null;
  network_mode?: string;
  container_name?: string;
  scale?: number;
  deploy?: { replicas?: number };
  secrets?: Array<{ source: string; target?: string }>;
  configs?: Array<{ source: string; target?: string }>;
}

/** The parts of `docker compose config --format json` that are read here. */
export interface ComposeDocument {
  name: string;
  services: Record<string, ComposeService>;
  volumes?: Record<string, { name?: string; external?: unknown } | null>;
  networks?: Record<string, { name?: string } | null>;
  configs?: Record<string, { file?: string } | null>;
  secrets?: Record<string, { file?: string } | null>;
}

const KNOWN_IMAGES: Array<[RegExp, ContainerRole]> = [
  [
    /(^|\/)(postgres|postgresql|postgis|pgvector|timescaledb|mysql|mariadb|mongo|mongodb|couchdb|influxdb|clickhouse[a-z-]*|elasticsearch|opensearch)(:|@|$)/,
    'database',
  ],
  [/(^|\/)(redis|valkey|keydb|memcached|dragonfly)(:|@|$)/, 'cache'],
  [/(^|\/)(rabbitmq|nats|kafka|redpanda)(:|@|$)/, 'queue'],
];

/** A compose service that the manifest does not list must not be recreated as if it were the app: databases are known by their image. */
export function roleOf(service: ServiceManifest, component: string, image: string): ContainerRole {
  const listed = service.containers.find((container) => container.service === component);
  return listed?.role ?? KNOWN_IMAGES.find(([pattern]) => pattern.test(image))?.[1] ?? 'worker';
}

export const isStateful = (role: ContainerRole): boolean => STATEFUL_ROLES.includes(role);

/** The compose service that manifest.image is about: the first container of role app. */
export const appComponent = (service: ServiceManifest): string | undefined =>
  service.containers.find((container) => container.role === 'app')?.service;

/** `redmine:5` of `docker.io/library/redmine:5@sha256:...`. */
export function familiar(ref: string): string {
  const plain = (ref.split('@')[0] ?? ref).replace(/^docker\.io\//, '').replace(/^library\//, '');
  return plain.lastIndexOf(':') > plain.lastIndexOf('/') ? plain : `${plain}:latest`;
}

/** Name and tag of a reference; the tag is `latest` where there is none. */
export function splitRef(ref: string): { name: string; tag: string } {
  const plain = ref.split('@')[0] ?? ref;
  const colon = plain.lastIndexOf(':');
  return colon > plain.lastIndexOf('/')
    ? { name: plain.slice(0, colon), tag: plain.slice(colon + 1) }
    : { name: plain, tag: 'latest' };
}

/** What compose calls the image of a service that only builds. */
export const builtImage = (project: string, component: string): string => `${project}-${component}:latest`;

function portsOf(service: ComposeService): ResolvedComponent['ports'] {
  return (service.ports ?? []).flatMap(({ host_ip, published, protocol }) => {
    const [first = 0, last = first] = (published ?? '').split('-').map(Number);
    const hostPorts = first > 0 ? Array.from({ length: last - first + 1 }, (_, index) => first + index) : [];
    return hostPorts.map((port) => ({ hostIp: host_ip ?? '', port, protocol: protocol ?? 'tcp' }));
  });
}

function mountsOf(document: ComposeDocument, service: ComposeService): Mount[] {
  return (service.volumes ?? []).flatMap((mount): Mount[] => {
    const { source = '', target } = mount;
    const writable = mount.read_only !== true;
    const { selinux } = mount.bind ?? {};
    const label = selinux === 'z' || selinux === 'Z' ? { label: selinux } : {};
    if (mount.type === 'bind') return [{ kind: 'bind', source, target, writable, ...label } as Mount];
    if (mount.type !== 'volume') return [];
    if (source === '') return [{ kind: 'volume', source, target, writable }];
    const volume = document.volumes?.[source];
    const external = volume?.external === true ? { external: true } : {};
    return [{ kind: 'volume', source: volume?.name ?? source, key: source, target, writable, ...external }];
  });
}

/** @param hashes compose's config hash by component, of the stateful ones. */
export function componentsOf(
  service: ServiceManifest,
  document: ComposeDocument,
  hashes: Record<string, string>,
): ResolvedComponent[] {
  const app = appComponent(service);
  return Object.entries(document.services).map(([name, each]) => {
    const role = roleOf(service, name, each.image ?? '');
    // A build section beside an image may only be for development; the manifest says so for the app.
    const build =
      each.build !== undefined &&
      each.build !== null &&
      (name !== app || service.image === undefined || service.image.build);
    const hash = hashes[name];
    return {
      name,
      role,
      stateful: isStateful(role),
      ...(each.image === undefined ? {} : { image: each.image }),
      build,
      ports: portsOf(each),
      mounts: mountsOf(document, each),
      dependsOn: Object.keys(each.depends_on ?? {}),
      ...(hash === undefined ? {} : { configHash: hash }),
    };
  });
}

/** Files of configs, secrets and binds, as the document has them. */
export function filesOf(document: ComposeDocument): string[] {
  const named = [...Object.values(document.configs ?? {}), ...Object.values(document.secrets ?? {})].map(
    (each) => each?.file,
  );
  const binds = Object.values(document.services).flatMap((service) =>
    (service.volumes ?? []).filter((mount) => mount.type === 'bind'),
  );
  return [...named, ...binds.map((bind) => bind.source)].filter((path) => path !== undefined);
}

/**
 * What `up --no-deps` makes of the stateful services, for `config --hash`: the same services together, and dependencies upon others dropped
 * (compose does so too, and the hash contains them).
 */
export function statefulPart(document: ComposeDocument, stateful: readonly string[]): ComposeDocument {
  const services = Object.fromEntries(
    stateful.map((name) => {
      const { depends_on, ...rest } = document.services[name] ?? {};
      const kept = Object.entries(depends_on ?? {}).filter(([other]) => stateful.includes(other));
      return [name, kept.length === 0 ? rest : { ...rest, depends_on: Object.fromEntries(kept) }];
    }),
  );
  return { ...document, services };
}
