// From a service's compose files to what would run, resolved as it will run: live folder, live `.env`, real project name.
import { refused } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { ResolvedService, RuntimeContext, ServiceTree } from '../runtime.ts';
import { composeArgs, composeEnv, docker, knowing } from './command.ts';
import {
  appComponent,
  type ComposeDocument,
  componentsOf,
  familiar,
  filesOf,
  isStateful,
  roleOf,
  statefulPart,
} from './document.ts';
import {
  type ComposeFiles,
  composeFiles,
  linkLiveFiles,
  projectFolder,
  readFiles,
  readsStagedFiles,
  variablesOf,
} from './files.ts';
import { answerKey, recall, remember } from './known.ts';

const DOCUMENT_BYTES = 8 << 20;

/** See Runtime.resolve. */
export async function resolve(
  from: RuntimeContext,
  service: ServiceManifest,
  tree: ServiceTree,
): Promise<ResolvedService> {
  const context = knowing(from, service);
  const files = composeFiles(context, service, tree);
  const project =
    service.compose.project ??
    (files.name === undefined ? `${context.env.CONTAINER_PREFIX ?? ''}${service.name}` : undefined);
  const inStage = !tree.live && readsStagedFiles(context, service, tree, files);
  const key = inStage ? undefined : answerKey(context, service, files, project);
  const known = key === undefined ? undefined : recall(context, service.name, key);
  const text = known?.document ?? (await documentText(context, service, tree, files, project, inStage));
  const document: ComposeDocument = JSON.parse(text);
  checkContainers(service, document);
  checkImage(service, document);
  const hashes = known?.hashes ?? (await hashesOf(context, service, document));
  // Somebody may have edited a file while compose read it.
  if (key !== undefined && known === undefined && key === answerKey(context, service, files, project))
    remember(context, service.name, key, { document: text, hashes });
  const { files: fs } = context.host;
  const read = readFiles(context, service, context.paths.root, files);
  const named = [...service.compose.envFiles, ...read, ...filesOf(document)];
  return {
    service: service.name,
    project: document.name,
    components: componentsOf(service, document, hashes),
    variables: variablesOf(files.texts),
    namedFiles: [...new Set(named)]
      .filter((path) => path !== context.paths.envFile && fs.stat(path)?.kind === 'file')
      .sort(),
    document: text,
  };
}

/**
 * Files as they lie outside of the packages, for a draft: nothing is compared with the manifest, and nothing is hashed.
 * @param text of the one file, where it lies nowhere yet. @throws refused where they do not resolve.
 */
export async function resolveElsewhere(
  from: RuntimeContext,
  service: ServiceManifest,
  files: ComposeFiles,
  text?: string,
): Promise<ResolvedService> {
  const context = knowing(from, service);
  const args = composeArgs(context, service, { project: service.compose.project, files });
  const { stdout } = await docker(context, [...args, 'config', '--format', 'json'], {
    env: composeEnv(service),
    fail: refused,
    what: `what ${service.compose.project} was started from does not resolve`,
    where: files.paths.join(', '),
    maxStdoutBytes: DOCUMENT_BYTES,
    unrecorded: true,
    ...(text === undefined ? {} : { input: text }),
  });
  const document: ComposeDocument = JSON.parse(stdout);
  return {
    service: service.name,
    project: document.name,
    components: componentsOf(service, document, {}),
    variables: variablesOf(files.texts),
    namedFiles: [],
    document: stdout,
  };
}

async function documentText(
  context: RuntimeContext,
  service: ServiceManifest,
  tree: ServiceTree,
  files: ComposeFiles,
  project: string | undefined,
  inStage: boolean,
): Promise<string> {
  if (inStage) linkLiveFiles(context, service, tree, files);
  const directory = projectFolder(context, service, inStage ? tree.root : context.paths.root);
  const args = composeArgs(context, service, { project, files, directory });
  const { stdout } = await docker(context, [...args, 'config', '--format', 'json'], {
    env: composeEnv(service),
    fail: refused,
    what: `the compose file of ${service.name} does not resolve`,
    where: files.paths.map((path) => path.slice(tree.root.length + 1)).join(', '),
    maxStdoutBytes: DOCUMENT_BYTES,
    unrecorded: true,
  });
  return inStage
    ? stdout.replaceAll(
        `${JSON.stringify(tree.root).slice(1, -1)}/`,
        `${JSON.stringify(context.paths.root).slice(1, -1)}/`,
      )
    : stdout;
}

function checkContainers(service: ServiceManifest, document: ComposeDocument): void {
  const there = Object.keys(document.services);
  const missing = service.containers.filter((container) => container.required && !there.includes(container.service));
  if (missing.length === 0) return;
  throw refused({
    what: `the compose file of ${service.name} has no service ${missing.map((container) => container.service).join(', ')}`,
    where: `packages/${service.name}/manifest.yaml: containers`,
    details: [`it has: ${there.join(', ') || 'none'}`],
    hint: 'Set `service:` of the container to its name in the compose file, or name the profile that it belongs to in compose.profiles.',
  });
}

function checkImage(service: ServiceManifest, document: ComposeDocument): void {
  const { image } = service;
  const app = appComponent(service);
  const resolved = app === undefined ? undefined : document.services[app]?.image;
  if (image === undefined || app === undefined) return;
  const wanted = `${image.name}:${image.tag}`;
  if (resolved === undefined ? image.build : familiar(resolved) === familiar(wanted)) return;
  const variable = image.envVar;
  throw refused({
    what: `the image of ${service.name} resolves to ${resolved ?? 'nothing'}, but its manifest says ${wanted}`,
    where: `packages/${service.name}: compose service ${app}${variable ? `, variable ${variable}` : ''}`,
    details: variable === undefined ? [] : [`${variable} was set to ${image.tag}, the manifest's image.tag`],
    hint:
      variable === undefined
        ? `Make image.name and image.tag of the manifest and \`image:\` of ${app} the same, or let image.env_var name the variable that holds the tag.`
        : `Write \`image: ${image.name}:\${${variable}}\` for ${app}, or correct image.name, image.tag and image.env_var.`,
  });
}

async function hashesOf(
  context: RuntimeContext,
  service: ServiceManifest,
  document: ComposeDocument,
): Promise<Record<string, string>> {
  const stateful = Object.entries(document.services)
    .filter(([name, each]) => isStateful(roleOf(service, name, each.image ?? '')))
    .map(([name]) => name);
  if (stateful.length === 0) return {};
  const args = composeArgs(context, service, { project: document.name, files: '-' });
  const { stdout } = await docker(context, [...args, 'config', '--hash', '*'], {
    env: composeEnv(service),
    input: JSON.stringify(statefulPart(document, stateful)),
    fail: refused,
    what: `compose cannot hash the configuration of ${service.name}`,
  });
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ', 2) as [string, string]),
  );
}
