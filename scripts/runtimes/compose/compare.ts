// What the next `up` would change of what runs: the look of an adoption.
import { type Container, type Docker, openDocker } from '../../host/docker.ts';
import { refused } from '../../model/error.ts';
import type { ComponentImage } from '../../model/receipt.ts';
import type { ServiceManifest } from '../../model/service.ts';
import { imageDifferences } from '../compare.ts';
import type { ResolvedComponent, ResolvedService, RuntimeContext } from '../runtime.ts';
import { builtImage, type ComposeDocument } from './document.ts';
import { livePackage } from './files.ts';
import { componentName, PROJECT_LABEL, projectContainers, runningOf } from './running.ts';

const FOLDER_LABEL = 'com.docker.compose.project.working_dir';
/** Volumes that the engine named itself: they belong to the image, not to the compose file. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** See Runtime.compare. Labels and values of variables are not looked at. */
export async function compare(
  context: RuntimeContext,
  service: ServiceManifest,
  resolved: ResolvedService,
): Promise<string[]> {
  const engine = openDocker(context.host, context, refused);
  const document: ComposeDocument = JSON.parse(resolved.document);
  const containers = await projectContainers(engine, resolved.project);
  if (containers.length === 0) {
    const elsewhere = await engine.containers([`${FOLDER_LABEL}=${livePackage(context, service.name)}`]);
    const other = elsewhere[0]?.labels[PROJECT_LABEL];
    if (other !== undefined) return [`it runs as compose project ${other}, not ${resolved.project}; ${mend(other)}`];
  }
  const wanted = await Promise.all(
    resolved.components.map(async (component): Promise<ComponentImage> => {
      const ref = component.image ?? builtImage(resolved.project, component.name);
      return { component: component.name, ref, id: (await engine.image(ref))?.id ?? '' };
    }),
  );
  const optional = service.containers.filter((each) => !each.required || each.role === 'job');
  const running = containers.map((container) => runningOf(container, resolved.project));
  const rest = await Promise.all(
    resolved.components.map(async (component) => {
      const container = containers.find((each) => componentName(each) === component.name);
      const clashes = await clash(engine, document, component, resolved.project);
      const own = container === undefined ? [] : await differencesOf(engine, document, component, container);
      return [...clashes, ...own].map((difference) => `${component.name}: ${difference}`);
    }),
  );
  return [...imageDifferences(wanted, running, new Set(optional.map((each) => each.service))), ...rest.flat()];
}

const mend = (project: string): string => `write \`compose: { project: ${project} }\` into its manifest`;

async function clash(
  engine: Docker,
  document: ComposeDocument,
  component: ResolvedComponent,
  project: string,
): Promise<string[]> {
  const name = document.services[component.name]?.container_name;
  const there = name === undefined ? undefined : await engine.container(name);
  const owner = there?.labels[PROJECT_LABEL];
  if (there === undefined || owner === project) return [];
  return [
    owner === undefined
      ? `the container name ${name} is taken by one that compose did not make`
      : `the container name ${name} is taken by compose project ${owner}; ${mend(owner)}`,
  ];
}

async function differencesOf(
  engine: Docker,
  document: ComposeDocument,
  component: ResolvedComponent,
  container: Container,
): Promise<string[]> {
  const service = document.services[component.name] ?? {};
  const variables = Object.keys(service.environment ?? {});
  const image = await engine.image(container.imageId);
  const brought = (image?.variables ?? []).filter((name) => !variables.includes(name));
  const networks = Object.keys(service.networks ?? {}).map((key) => document.networks?.[key]?.name ?? key);
  const volumes = component.mounts.filter((mount) => mount.kind === 'volume' && mount.source !== '');
  const there = await Promise.all(volumes.map((mount) => engine.volumeExists(mount.source)));
  return [
    ...both('mount', container.mounts.filter(isNamed).map(describe), component.mounts.filter(isNamed).map(describe)),
    ...volumes.filter((_, index) => !there[index]).map((mount) => `the volume ${mount.source} would be created`),
    ...(service.network_mode === undefined ? both('network', container.networks, networks) : []),
    ...both(
      'port',
      container.ports.map(anyAddress),
      component.ports.map(({ hostIp, port, protocol }) => anyAddress(`${hostIp}:${port}/${protocol}`)),
    ),
    ...both(
      'variable',
      container.variables.filter((name) => !brought.includes(name)),
      variables,
    ),
  ];
}

function both(what: string, now: readonly string[], next: readonly string[]): string[] {
  return [
    ...next.filter((each) => !now.includes(each)).map((each) => `the ${what} ${each} is not there now`),
    ...now.filter((each) => !next.includes(each)).map((each) => `the ${what} ${each} would go`),
  ];
}

const anyAddress = (port: string): string => port.replace(/^(0\.0\.0\.0)?:/, '*:');

interface AnyMount {
  type?: string;
  kind?: string;
  source: string;
  target: string;
  writable: boolean;
}

const describe = ({ type, kind, source, target, writable }: AnyMount): string =>
  `${kind ?? type} ${source} on ${target}${writable ? '' : ' (read only)'}`;

const isNamed = ({ type, kind, source }: AnyMount): boolean => {
  const what = kind ?? type;
  return what === 'bind' || (what === 'volume' && source !== '' && !ANONYMOUS.test(source));
};
