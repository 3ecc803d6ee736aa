// One container against the compose service that it was made from: mounts, networks, ports, labels, variables.
import type { Container, Docker } from '../../host/docker.ts';
import type { Difference, ResolvedComponent } from '../runtime.ts';
import type { ComposeDocument } from './document.ts';

const FOLDER_LABEL = 'com.docker.compose.project.working_dir';
const HASH_LABEL = 'com.docker.compose.config-hash';
/** Labels that compose and Docker Desktop keep for themselves. */
const OWNED_LABEL = /^(?:com\.docker\.compose|desktop\.docker\.io)[./]/;
/** Volumes that the engine named itself: they belong to the image, not to the compose file. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** @returns empty where `up` would make the same container again. Values of variables and labels are compared, and never said. */
export async function containerDifferences(
  engine: Docker,
  document: ComposeDocument,
  component: ResolvedComponent,
  container: Container,
): Promise<Difference[]> {
  const service = document.services[component.name] ?? {};
  const image = await engine.image(container.imageId);
  const networks = Object.keys(service.networks ?? {}).map((key) => document.networks?.[key]?.name ?? key);
  const folder = container.labels[FOLDER_LABEL];
  const mounts = both('mount', container.mounts.filter(isNamed).map(words), [
    ...component.mounts.filter(isNamed).map(words),
    ...fileMounts(document, component.name),
  ]);
  const found = [
    ...mounts.map((what) => ({ what, ...mountMend(container, component, folder) })),
    ...(service.network_mode === undefined
      ? both('network', container.networks, networks).map((what) => ({ what, mend: 'networks: of the compose file' }))
      : []),
    ...both(
      'port',
      container.ports.filter(isFixed).map(anyAddress),
      component.ports.map(({ hostIp, port, protocol }) => anyAddress(`${hostIp}:${port}/${protocol}`)),
    ).map((what) => ({
      what,
      mend: 'ports: of the compose file, or the variable in .env that it takes the port from',
    })),
    ...variables(container, plain(service.environment), image?.environment ?? {}, folder),
    ...labels(container, plain(service.labels), image?.labels ?? {}),
  ];
  if (found.length > 0 || component.configHash === undefined) return found;
  if (container.labels[HASH_LABEL] === component.configHash) return found;
  const what = 'it holds data, and would be recreated: compose sees another configuration than it was made from';
  return [{ what, notice: true }];
}

function both(what: string, now: readonly string[], next: readonly string[]): string[] {
  return [
    ...next.filter((each) => !now.includes(each)).map((each) => `the ${what} ${each} is not there now`),
    ...now.filter((each) => !next.includes(each)).map((each) => `the ${what} ${each} would go`),
  ];
}

/** Values as the container gets them: resolved files have each dollar twice. What is null comes from nowhere. */
function plain(values: Record<string, unknown> | undefined): Record<string, string> {
  const set = Object.entries(values ?? {}).filter(([, value]) => value !== null);
  return Object.fromEntries(set.map(([name, value]) => [name, String(value).replaceAll('$$', '$')]));
}

function variables(
  container: Container,
  wanted: Record<string, string>,
  brought: Record<string, string>,
  folder: string | undefined,
): Difference[] {
  const own = container.variables.filter((name) => name in wanted || container.environment[name] !== brought[name]);
  const changed = Object.entries(wanted).filter(
    ([name, value]) => own.includes(name) && container.environment[name] !== value,
  );
  const from = folder === undefined ? 'the .env that it was started with' : `${folder}/.env`;
  return [
    ...both('variable', own, Object.keys(wanted)).map((what) => ({
      what,
      mend: 'environment: of the compose file, or the file that env_file names',
    })),
    ...changed.map(([name]) => ({
      what: `the variable ${name} would have another value`,
      mend: `compose: { env_files: [${from}] }, or its value in .env`,
      notice: true as const,
    })),
  ];
}

function labels(container: Container, wanted: Record<string, string>, brought: Record<string, string>): Difference[] {
  const ours = Object.entries(container.labels).filter(
    ([name, value]) => !OWNED_LABEL.test(name) && (name in wanted || brought[name] !== value),
  );
  const changed = ours.filter(([name, value]) => name in wanted && wanted[name] !== value);
  return [
    ...both(
      'label',
      ours.map(([name]) => name),
      Object.keys(wanted),
    ),
    ...changed.map(([name]) => `the label ${name} would have another value`),
  ].map((what) => ({ what, mend: 'labels: of the compose file' }));
}

/** A relative bind that moved with the file, a volume that another project's name is part of. */
function mountMend(container: Container, component: ResolvedComponent, folder: string | undefined): { mend: string } {
  const bound = container.mounts.some(
    ({ type, source }) => type === 'bind' && folder !== undefined && source.startsWith(`${folder}/`),
  );
  const moved = component.mounts.some(
    ({ kind, source, target }) =>
      kind === 'bind' && container.mounts.some((now) => now.target === target && now.source !== source),
  );
  return { mend: bound && moved ? `compose: { directory: ${folder} }` : 'volumes: of the compose file' };
}

/** Secrets and configs that are files: compose mounts them, and calls them something else. */
function fileMounts(document: ComposeDocument, name: string): string[] {
  const service = document.services[name];
  const of = (kind: 'secrets' | 'configs', folder: string): string[] =>
    (service?.[kind] ?? []).flatMap(({ source, target }) => {
      const file = document[kind]?.[source]?.file;
      if (file === undefined) return [];
      const path = target ?? source;
      return [
        words({
          kind: 'bind',
          source: file,
          target: path.startsWith('/') ? path : `${folder}${path}`,
          writable: false,
        }),
      ];
    });
  return [...of('secrets', '/run/secrets/'), ...of('configs', '/')];
}

/** Not one that Docker chooses anew at each start. */
const isFixed = (port: string): boolean => !/:0?\//.test(port);
const anyAddress = (port: string): string => port.replace(/^(0\.0\.0\.0)?:/, '*:');

interface AnyMount {
  type?: string;
  kind?: string;
  source: string;
  target: string;
  writable: boolean;
}

const words = ({ type, kind, source, target, writable }: AnyMount): string =>
  `${kind ?? type} ${source} on ${target}${writable ? '' : ' (read only)'}`;

const isNamed = ({ type, kind, source }: AnyMount): boolean => {
  const what = kind ?? type;
  return what === 'bind' || (what === 'volume' && source !== '' && !ANONYMOUS.test(source));
};
