// ecosystem.config.cjs -> the apps that pm2 is given. The file is evaluated in a process of its own and never rewritten.
import { extname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { refused } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { RuntimeContext, ServiceTree } from '../runtime.ts';
import { bunArgv, bunProgram, pm2Environment } from './command.ts';

export const ECOSYSTEM_FILE = 'ecosystem.config.cjs';
const EVALUATE =
  'const found = require(process.argv[1]); require("node:fs").writeSync(1, "\\n" + JSON.stringify(found.default ?? found) + "\\n")';

const APP = z.looseObject({
  name: z.string().min(1),
  script: z.string().min(1),
  cwd: z.string().optional(),
  interpreter: z.string().optional(),
  exec_interpreter: z.string().optional(),
  exec_mode: z.string().optional(),
  instances: z.union([z.number(), z.string()]).optional(),
  env: z.record(z.string(), z.unknown()).optional(),
});
const DERIVED = z.looseObject({
  name: z.string(),
  script: z.string(),
  cwd: z.string(),
  env: z.record(z.string(), z.unknown()),
});
/** pm2 takes a list of apps, an object with such a list, or with one app. */
const FILE = z.preprocess(
  (found) => {
    const { apps, ...rest } = Array.isArray(found) ? { apps: found } : Object(found);
    return { ...rest, apps: Array.isArray(apps) || apps === undefined ? apps : [apps] };
  },
  z.looseObject({ apps: z.array(APP) }),
);

/** An app as pm2 gets it: absolute `cwd` in the live tree, our namespace, an explicit interpreter. */
export type Pm2App = z.infer<typeof DERIVED>;

/** CONTAINER_PREFIX and the service's name. */
export const namespaceOf = (context: RuntimeContext, service: ServiceManifest): string =>
  `${context.env.CONTAINER_PREFIX ?? ''}${service.name}`;

/** The document of a resolved service, back as apps. */
export const readDocument = (document: string): Pm2App[] => z.array(DERIVED).parse(JSON.parse(document));

/** @returns the apps as they would run live, whichever tree they are read from. @throws refused where the file is missing or wrong. */
export async function readEcosystem(
  context: RuntimeContext,
  service: ServiceManifest,
  tree: ServiceTree,
): Promise<Pm2App[]> {
  const folder = join(tree.root, 'packages', service.name);
  const file = join(folder, ECOSYSTEM_FILE);
  if (!context.host.files.stat(file)) {
    throw refused({
      what: `${service.name} has no ${ECOSYSTEM_FILE}`,
      where: file,
      hint: 'A service with runtime: pm2 needs one beside its manifest.',
    });
  }
  const result = await context.host.exec.run([...bunArgv(context), '-e', EVALUATE, file], {
    cwd: folder,
    env: { ...pm2Environment(context), ...context.env },
    timeoutMs: Math.min(context.timeoutMs, 30_000),
    secrets: context.secrets,
    ...(context.signal && { signal: context.signal }),
  });
  if (result.code !== 0) {
    throw refused({
      what: `${ECOSYSTEM_FILE} of ${service.name} could not be evaluated`,
      where: file,
      details: result.tail,
    });
  }
  const parsed = FILE.safeParse(
    JSON.parse(asLive(context, tree, result.stdout.trimEnd().split('\n').at(-1) ?? 'null')),
  );
  const problems = parsed.success
    ? problemsOf(parsed.data.apps, parsed.data)
    : z.prettifyError(parsed.error).split('\n');
  if (problems.length > 0 || !parsed.success) {
    throw refused({ what: `${ECOSYSTEM_FILE} of ${service.name} is not usable`, where: file, details: problems });
  }
  const apps = parsed.data.apps.map((app) => derive(context, service, app));
  checkScripts(context, tree, apps, file);
  return apps;
}

/** `__dirname` in a stage is the stage's; what runs is the live tree. */
function asLive(context: RuntimeContext, tree: ServiceTree, json: string): string {
  if (tree.live) return json;
  const bare = (path: string) => JSON.stringify(path).slice(1, -1);
  return json
    .replaceAll(bare(context.host.files.realpath(tree.root)), bare(context.paths.root))
    .replaceAll(bare(tree.root), bare(context.paths.root));
}

function problemsOf(apps: z.infer<typeof APP>[], file: Record<string, unknown>): string[] {
  const names = apps.map((app) => app.name);
  const problems = names.filter((name, at) => names.indexOf(name) !== at).map((name) => `two apps are called ${name}`);
  if (apps.length === 0) problems.push('it has no apps');
  if (file.static !== undefined) problems.push('`static` is not supported: make it an app with script: serve');
  for (const app of apps) {
    if (app.watch)
      problems.push(
        `${app.name} has watch: true, so the checkout's Advance would restart it before its turn: remove it`,
      );
  }
  return problems;
}

function derive(context: RuntimeContext, service: ServiceManifest, app: z.infer<typeof APP>): Pm2App {
  const cwd = resolve(join(context.paths.root, 'packages', service.name), app.cwd ?? '.');
  const declared = app.interpreter ?? app.exec_interpreter;
  const interpreter = declared ?? interpreterOf(context, app.script);
  const mode = app.exec_mode ?? (declared === undefined && app.instances !== undefined ? 'cluster' : 'fork');
  return {
    vizion: false,
    ...app,
    cwd,
    exec_mode: mode,
    namespace: namespaceOf(context, service),
    env: app.env ?? {},
    ...(interpreter && { interpreter }),
  };
}

function interpreterOf(context: RuntimeContext, script: string): string | undefined {
  const extension = extname(script);
  if (extension === '.ts' || extension === '.tsx') return bunProgram(context);
  if (!['.js', '.cjs', '.mjs'].includes(extension)) return undefined;
  return context.host.exec.which('node', context.host.machine.env.PATH) ?? bunProgram(context);
}

function checkScripts(context: RuntimeContext, tree: ServiceTree, apps: Pm2App[], file: string): void {
  const inTree = (path: string) =>
    path.startsWith(`${context.paths.root}/`) ? join(tree.root, path.slice(context.paths.root.length)) : path;
  const missing = apps.filter((app) => {
    if (app.script === 'serve' || context.host.files.stat(inTree(resolve(app.cwd, app.script)))) return false;
    return (
      isAbsolute(app.script) ||
      app.script.includes('/') ||
      !context.host.exec.which(app.script, context.host.machine.env.PATH)
    );
  });
  if (missing.length === 0) return;
  throw refused({
    what: `an app's script is not there`,
    where: file,
    details: missing.map((app) => `${app.name}: ${resolve(app.cwd, app.script)}`),
  });
}
