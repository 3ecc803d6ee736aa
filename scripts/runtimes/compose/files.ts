// Which compose files a service has, and what they name: found in the text, before compose resolves it.
import { dirname, isAbsolute, join } from 'node:path';
import { parse as parseEnv } from 'dotenv';
import { refused } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { RuntimeContext, ServiceTree } from '../runtime.ts';
import { asTree, composeTree, type Tree } from './text.ts';

export interface ComposeFiles {
  paths: string[];
  texts: string[];
  /** The last `name:` of the files. */
  name: string | undefined;
  /** Files that compose reads while it resolves (env_file, extends, include), as written, relative to the package. */
  readAtResolve: string[];
  /** Beside these files and their env files, compose reads nothing. */
  selfContained: boolean;
}

const USUAL = ['docker-compose.yaml', 'docker-compose.yml', 'compose.yaml', 'compose.yml'];
const OVERRIDES = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];
const VARIABLE = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([^{}]*))?[^{}]*\}|\$([A-Za-z_][A-Za-z0-9_]*)/g;

export const packageFolder = (root: string, service: string): string => join(root, 'packages', service);

/**
 * What relative paths in the compose files are relative to: the manifest's `compose.directory`, else the package.
 * @param root the live root or a stage; a directory inside of the live root is looked for there.
 */
export function projectFolder(context: RuntimeContext, service: ServiceManifest, root: string): string {
  const { directory } = service.compose;
  if (directory === undefined) return packageFolder(root, service.name);
  const live = `${context.paths.root}/`;
  return directory.startsWith(live) ? join(root, directory.slice(live.length)) : directory;
}

/** The files that compose takes variables from, in order: the host's `.env`, then the manifest's own. */
export function envFilesOf({ host, paths }: RuntimeContext, { compose }: ServiceManifest): string[] {
  // The env file may be a link to where the operator keeps it.
  const found = [...(host.files.stat(paths.envFile) === undefined ? [] : [paths.envFile]), ...compose.envFiles];
  // With none at all, compose would take the one of the directory, until the host has one.
  return found.length === 0 && compose.directory !== undefined ? ['/dev/null'] : found;
}

/** What the manifest's own env files set. @throws refused for one that is not there. */
export function ownVariables({ host }: RuntimeContext, service: ServiceManifest): Record<string, string> {
  const texts = service.compose.envFiles.map((path) => {
    const text = host.files.readText(path, { follow: true });
    if (text !== undefined) return text;
    throw refused({
      what: `${service.name} lacks its env file ${path}`,
      where: `packages/${service.name}/manifest.yaml, compose.env_files`,
      hint: 'Put it back, or take it out of the manifest.',
    });
  });
  return Object.assign({}, ...texts.map((text) => parseEnv(text)));
}

/** The files of the manifest, or the usual one with its override beside it. @throws refused where there is none. */
export function composeFiles(context: RuntimeContext, service: ServiceManifest, tree: ServiceTree): ComposeFiles {
  const { files } = context.host;
  const folder = packageFolder(tree.root, service.name);
  const isFile = (name: string) => files.stat(join(folder, name)) !== undefined;
  const usual = USUAL.find(isFile);
  const found = usual === undefined ? [] : [usual, ...OVERRIDES.filter(isFile).slice(0, 1)];
  const names = service.compose.files.length > 0 ? service.compose.files : found;
  const missing = names.filter((name) => !isFile(name));
  if (names.length === 0 || missing.length > 0) {
    throw refused({
      what: names.length === 0 ? `${service.name} has no compose file` : `${service.name} lacks ${missing.join(', ')}`,
      where: `packages/${service.name}`,
      hint: `Put a ${USUAL[0]} beside the manifest, or name the files: compose: { files: [...] }.`,
    });
  }
  const paths = names.map((name) => join(folder, name));
  return readComposeFiles(
    paths,
    paths.map((path) => files.readText(path, { follow: true }) ?? ''),
  );
}

/** Compose files, wherever they lie. */
export function readComposeFiles(paths: string[], texts: string[]): ComposeFiles {
  const parsed = texts.map((text, at) => composeTree(text, paths[at]));
  const named = parsed.map((each) => each.name).filter((name) => typeof name === 'string');
  const read = [...new Set(parsed.flatMap(readAtResolve))];
  // An env file whose name has variables in it is found by compose's rules, which are not all known here.
  const selfContained = parsed.every(readsNoMore) && !read.some((path) => path.includes('$'));
  return { paths, texts, name: named.at(-1), readAtResolve: read, selfContained };
}

const asList = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];

function readAtResolve(document: Tree): string[] {
  const pathOf = (entry: unknown, key: string) => (typeof entry === 'string' ? entry : asTree(entry)[key]);
  const services = Object.values(asTree(document.services)).map(asTree);
  const named = [
    ...services.flatMap((service) => asList(service.env_file).map((entry) => pathOf(entry, 'path'))),
    ...services.flatMap((service) => asList(asTree(service.extends).file)),
    ...asList(document.include).flatMap((entry) => asList(pathOf(entry, 'path'))),
  ];
  return named.filter((name) => typeof name === 'string');
}

/** It was understood, and names no files that may name further ones. */
function readsNoMore(document: Tree): boolean {
  const services = Object.values(asTree(document.services)).map(asTree);
  const named = services.some((service) => service.extends !== undefined || service.label_file !== undefined);
  return services.length > 0 && document.include === undefined && !named;
}

/** Names of the variables that the texts use. */
export function variablesOf(texts: readonly string[]): string[] {
  const names = texts.flatMap((text) => [...text.matchAll(VARIABLE)].map((match) => match[1] ?? match[4]));
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** Good enough for file names; what compose itself fills in is compose's. */
export function filled(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    VARIABLE,
    (
      whole,
      name: string | undefined,
      operator: string | undefined,
      fallback: string | undefined,
      bare: string | undefined,
    ) => {
      if (whole === '$$') return '$';
      const value = env[name ?? bare ?? ''] ?? '';
      return value === '' && operator?.endsWith('-') ? (fallback ?? '') : value;
    },
  );
}

/** The files that compose reads while it resolves, absolute, below the project folder of the root. */
export function readFiles(
  context: RuntimeContext,
  service: ServiceManifest,
  root: string,
  files: ComposeFiles,
): string[] {
  const folder = projectFolder(context, service, root);
  const tag = service.image?.envVar ? { [service.image.envVar]: service.image.tag } : {};
  const variables = { ...context.env, ...ownVariables(context, service), ...tag };
  return files.readAtResolve
    .map((name) => filled(name, variables))
    .map((name) => (isAbsolute(name) ? name : join(folder, name)));
}

interface ReadPair {
  staged: string;
  live: string;
}

function readPairs(
  context: RuntimeContext,
  service: ServiceManifest,
  tree: ServiceTree,
  files: ComposeFiles,
): ReadPair[] {
  return readFiles(context, service, tree.root, files)
    .filter((path) => path.startsWith(`${tree.root}/`))
    .map((staged) => ({ staged, live: join(context.paths.root, staged.slice(tree.root.length + 1)) }));
}

/** Whether a tracked file that compose reads differs between stage and live tree: then resolving in the live folder would give the old text. */
export function readsStagedFiles(
  context: RuntimeContext,
  service: ServiceManifest,
  tree: ServiceTree,
  files: ComposeFiles,
): boolean {
  const { files: fs } = context.host;
  return readPairs(context, service, tree, files)
    .filter(({ staged }) => fs.stat(staged)?.kind === 'file')
    .some(
      ({ staged, live }) => fs.readText(staged) !== (fs.stat(live) ? fs.readText(live, { follow: true }) : undefined),
    );
}

/** Links what only the live tree has (an ignored env file) into the stage, so that compose can run there. */
export function linkLiveFiles(
  context: RuntimeContext,
  service: ServiceManifest,
  tree: ServiceTree,
  files: ComposeFiles,
): void {
  const { files: fs } = context.host;
  for (const { staged, live } of readPairs(context, service, tree, files)) {
    if (fs.stat(staged) !== undefined || fs.stat(live) === undefined) continue;
    fs.mkdir(dirname(staged));
    fs.symlink(live, staged);
  }
}
