// What the next `up` would change of what runs, component by component: the look of an adoption.
import { type Container, type Docker, openDocker } from '../../host/docker.ts';
import { refused } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { Difference, ResolvedComponent, ResolvedService, RuntimeContext } from '../runtime.ts';
import { containerDifferences } from './container-differences.ts';
import { builtImage, type ComposeDocument } from './document.ts';
import { projectFolder } from './files.ts';
import { componentName, PROJECT_LABEL, projectContainers, runningOf } from './running.ts';

const FOLDER_LABEL = 'com.docker.compose.project.working_dir';

/** See Runtime.compare. */
export async function compare(
  context: RuntimeContext,
  service: ServiceManifest,
  resolved: ResolvedService,
): Promise<Difference[]> {
  const engine = openDocker(context.host, context, refused);
  const document: ComposeDocument = JSON.parse(resolved.document);
  const containers = await projectContainers(engine, resolved.project);
  if (containers.length === 0) {
    const folder = projectFolder(context, service, context.paths.root);
    const elsewhere = await engine.containers([`${FOLDER_LABEL}=${folder}`]);
    const other = elsewhere[0]?.labels[PROJECT_LABEL];
    if (other !== undefined)
      return [{ what: `it runs as compose project ${other}, not ${resolved.project}`, mend: projectLine(other) }];
  }
  const optional = new Set(
    service.containers.filter((each) => !each.required || each.role === 'job').map((each) => each.service),
  );
  const own = await Promise.all(
    resolved.components.map(async (component): Promise<Difference[]> => {
      const found = containers.filter((each) => componentName(each) === component.name);
      const made = [
        ...(await imageDifferences(engine, resolved, component, found)),
        ...(await clash(engine, document, component, resolved.project)),
        ...(await created(engine, document, component)),
      ];
      made.push(...scaled(document, component, found.length));
      if (found.length === 0 && !optional.has(component.name)) made.push(notThere(component, resolved));
      const [first] = found;
      if (first !== undefined) made.push(...(await containerDifferences(engine, document, component, first)));
      return made.map((each) => ({ ...each, what: `${component.name}: ${each.what}` }));
    }),
  );
  const known = new Set(resolved.components.map((each) => each.name));
  const extra = [...new Set(containers.map(componentName))].filter((name) => !known.has(name));
  return [
    ...own.flat(),
    ...extra.map((name) => ({
      what: `${name} runs, but is not in the service's files`,
      mend: `name its profile in compose.profiles, or its file in compose.files; or remove it: docker compose -p ${resolved.project} rm --stop ${name}`,
    })),
    ...(await lentNetworks(engine, resolved.project)),
  ];
}

const projectLine = (project: string): string => `compose: { project: ${project} }`;

const notThere = ({ name }: ResolvedComponent, { project }: ResolvedService): Difference => ({
  what: 'it does not run',
  mend: `required: false in its entry of containers; or start it: docker compose -p ${project} start ${name}`,
});

/** Somebody started more of it than the file says: `up` would take the others away. */
function scaled(document: ComposeDocument, { name }: ResolvedComponent, running: number): Difference[] {
  const { scale, deploy } = document.services[name] ?? {};
  const wanted = deploy?.replicas ?? scale ?? 1;
  if (running <= 1 || running === wanted) return [];
  return [
    {
      what: `${running} containers of it are there, the file says ${wanted}`,
      mend: `scale: ${running}, in the compose file`,
    },
  ];
}

async function imageDifferences(
  engine: Docker,
  resolved: ResolvedService,
  component: ResolvedComponent,
  containers: readonly Container[],
): Promise<Difference[]> {
  const ref = component.image ?? builtImage(resolved.project, component.name);
  const id = (await engine.image(ref))?.id ?? '';
  return [...new Set(containers.map((each) => runningOf(each, resolved.project).imageId))]
    .filter((running) => running !== id)
    .map((running) => ({
      what: `it runs ${short(running)}, ${ref} is ${id === '' ? 'not here' : short(id)}`,
      ...(ref.includes('@') ? {} : { mend: `docker tag ${short(running)} ${ref}` }),
    }));
}

const short = (id: string): string => id.replace(/^sha256:([0-9a-f]{12})[0-9a-f]+$/, '$1');

async function clash(
  engine: Docker,
  document: ComposeDocument,
  component: ResolvedComponent,
  project: string,
): Promise<Difference[]> {
  const name = document.services[component.name]?.container_name;
  const there = name === undefined ? undefined : await engine.container(name);
  const owner = there?.labels[PROJECT_LABEL];
  if (there === undefined || owner === project) return [];
  if (owner === undefined) return [{ what: `the container name ${name} is taken by one that compose did not make` }];
  return [{ what: `the container name ${name} is taken by compose project ${owner}`, mend: projectLine(owner) }];
}

/** Volumes and networks that are not there: `up` would make them, empty, or fail where they are external. */
async function created(engine: Docker, document: ComposeDocument, component: ResolvedComponent): Promise<Difference[]> {
  const volumes = component.mounts.filter((mount) => mount.kind === 'volume' && mount.source !== '');
  const keys = Object.keys(document.services[component.name]?.networks ?? {});
  const networks = keys.map((key) => ({ key, name: document.networks?.[key]?.name ?? key }));
  const [withVolumes, withNetworks] = await Promise.all([
    Promise.all(volumes.map(({ source }) => engine.volumeExists(source))),
    Promise.all(networks.map(({ name }) => engine.networkExists(name))),
  ]);
  return [
    ...volumes
      .filter((_, at) => !withVolumes[at])
      .map(({ source, key }) => ({
        what: `the volume ${source} would be created`,
        mend: `compose.project as it was; or, in the compose file, volumes: { ${key}: { name: THE-OLD-NAME } }`,
      })),
    ...networks
      .filter((_, at) => !withNetworks[at])
      .map(({ key, name }) => ({
        what: `the network ${name} would be created`,
        mend: `compose.project as it was; or, in the compose file, networks: { ${key}: { name: THE-OLD-NAME } }`,
      })),
  ];
}

/** Networks of this project that containers of others are attached to: they stay when the project goes. */
async function lentNetworks(engine: Docker, project: string): Promise<Difference[]> {
  const names = await engine.networks([`${PROJECT_LABEL}=${project}`]);
  const lent = await Promise.all(
    names.map(async ({ name }): Promise<Difference[]> => {
      const users = (await engine.users({ network: [name] })).filter((each) => each.labels[PROJECT_LABEL] !== project);
      const by = [...new Set(users.map((each) => each.labels[PROJECT_LABEL] ?? each.name))].sort();
      const what = `the network ${name} is used by ${by.join(', ')}, too: it stays when this service is removed`;
      return by.length === 0 ? [] : [{ what, notice: true }];
    }),
  );
  return lent.flat();
}
