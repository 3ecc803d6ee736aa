// A pm2 service as it would run: apps, roles, ports, and the variables that it reads.
import { join, resolve } from 'node:path';
import { type ContainerRole, type ServiceManifest, STATEFUL_ROLES } from '../../model/service.ts';
import type { ResolvedComponent, ResolvedService, RuntimeContext, ServiceTree } from '../runtime.ts';
import { ECOSYSTEM_FILE, namespaceOf, type Pm2App, readEcosystem } from './ecosystem.ts';

const VARIABLE = /\bprocess\.env(?:\.([A-Za-z_]\w*)|\[\s*['"]([A-Za-z_]\w*)['"]\s*\])/g;

/** The role that the manifest gives to an app; `app` where it says nothing. */
export const roleOf = (service: ServiceManifest, app: string): ContainerRole =>
  service.containers.find((each) => each.service === app)?.role ?? 'app';

/** @throws refused where the ecosystem file is missing or wrong. */
export async function resolvePm2(
  context: RuntimeContext,
  service: ServiceManifest,
  tree: ServiceTree,
): Promise<ResolvedService> {
  const apps = await readEcosystem(context, service, tree);
  const components = apps.map((app) => component(service, app));
  const first = components.find((each) => each.role === 'app') ?? components[0];
  if (first) first.ports = ports(context, service);
  return {
    service: service.name,
    project: namespaceOf(context, service),
    components,
    variables: variables(context, service, tree, apps),
    namedFiles: [],
    document: JSON.stringify(apps),
  };
}

function component(service: ServiceManifest, app: Pm2App): ResolvedComponent {
  const role = roleOf(service, app.name);
  return {
    name: app.name,
    role,
    stateful: STATEFUL_ROLES.includes(role),
    build: false,
    ports: [],
    mounts: [],
    dependsOn: [],
  };
}

/** A process says nothing of its ports before it runs: the manifest does. */
const ports = (context: RuntimeContext, service: ServiceManifest) =>
  service.ports.map(({ env, default: fallback }) => ({
    hostIp: '127.0.0.1',
    port: Number(context.env[env] ?? fallback),
    protocol: 'tcp',
  }));

/** What the ecosystem file and the apps' entry scripts read from the environment. */
function variables(context: RuntimeContext, service: ServiceManifest, tree: ServiceTree, apps: Pm2App[]): string[] {
  const folder = join(tree.root, 'packages', service.name);
  const live = join(context.paths.root, 'packages', service.name);
  const scripts = apps.map((app) => resolve(app.cwd, app.script)).filter((path) => path.startsWith(`${live}/`));
  const texts = [join(folder, ECOSYSTEM_FILE), ...scripts.map((path) => join(folder, path.slice(live.length)))].map(
    (path) => context.host.files.readText(path) ?? '',
  );
  const names = texts.flatMap((text) => [...text.matchAll(VARIABLE)].map((match) => match[1] ?? match[2] ?? ''));
  return [...new Set([...names, ...service.ports.map((port) => port.env)])].sort();
}
