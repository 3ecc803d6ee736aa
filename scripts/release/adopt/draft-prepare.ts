// A project read: its files, where they are, what they resolve to. Refuses what cannot be drafted as it is.
import { fileNames, serviceName } from '../../draft/packages.ts';
import { profilesOf } from '../../draft/profiles.ts';
import { hasFolder, type Project } from '../../draft/projects.ts';
import { type Rebuilt, rebuild } from '../../draft/rebuild.ts';
import { type Guess, guessRoles } from '../../draft/roles.ts';
import { secretsIn } from '../../draft/secrets.ts';
import type { Docker } from '../../host/docker.ts';
import { normalise } from '../../manifest/normalise.ts';
import { refused } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import { readComposeFiles } from '../../runtimes/compose/files.ts';
import { resolveElsewhere } from '../../runtimes/compose/resolve.ts';
import { componentName } from '../../runtimes/compose/running.ts';
import type { ResolvedService } from '../../runtimes/runtime.ts';
import { type Context, runtimeContext } from '../context.ts';
import { BASELINE } from './look.ts';

export interface Prepared {
  project: Project;
  service: string;
  manifest: ServiceManifest;
  /** Compose files, by their paths in the package. */
  files: Array<{ path: string; text: string }>;
  guesses: Guess[];
  resolved: ResolvedService;
  /** Its own file is gone. */
  rebuilt: Rebuilt | undefined;
  /** Files that its files name, and that stay where they are. */
  alsoRead: string[];
}

/** @param options.taken names of services; the one that is found is added. @throws refused. */
export async function prepare(
  context: Context,
  engine: Docker,
  project: Project,
  options: { withSecrets: boolean; taken: Set<string> },
): Promise<Prepared> {
  const { host, paths } = context;
  const service = serviceName(project, `${paths.root}/packages`, options.taken);
  options.taken.add(service);
  const home = `${paths.root}/packages/${service}`;
  const images = new Map(
    await Promise.all(project.containers.map(async ({ imageId }) => [imageId, await engine.image(imageId)] as const)),
  );
  const isGone = project.gone.length > 0 || project.files.length === 0;
  const rebuilt = isGone ? rebuild(project, service, (id) => images.get(id)) : undefined;
  const texts = rebuilt
    ? [rebuilt.text]
    : project.files.map((path) => host.files.readText(path, { follow: true }) ?? '');
  if (!options.withSecrets && !rebuilt) refuseSecrets(project, texts);
  const names = rebuilt ? ['docker-compose.yaml'] : fileNames(project);
  const guesses = guessRoles(project);
  const keepsFolder = !rebuilt && hasFolder(project, host.files) && project.folder !== home;
  const manifest = normalise({
    name: service,
    compose: {
      project: project.name,
      files: names,
      profiles: profilesOf(texts, new Set(project.containers.map(componentName))),
      ...(keepsFolder ? { directory: project.folder } : {}),
      env_files: rebuilt ? [] : project.envFiles.filter((path) => path !== paths.envFile),
    },
    containers: guesses.map(({ service: name, role, required }) => ({ name, role, required })),
  });
  const sources = readComposeFiles(rebuilt ? ['-'] : project.files, texts);
  // A rebuilt file asks for the secrets of its containers, which `.env` does not have yet.
  const known = rebuilt?.text.replaceAll(/\$\{[A-Z0-9_]+:\?\}/g, 'unknown');
  const resolved = await resolveElsewhere(runtimeContext(context, BASELINE), manifest, sources, known);
  const files = names.map((path, at) => ({ path, text: texts[at] ?? '' }));
  return { project, service, manifest, files, guesses, resolved, rebuilt, alsoRead: sources.readAtResolve };
}

function refuseSecrets(project: Project, texts: readonly string[]): void {
  const found = texts.flatMap((text, at) =>
    secretsIn(text).map((each) => ({ ...each, file: project.files[at] ?? '' })),
  );
  if (found.length === 0) return;
  throw refused({
    what: `${found.map(({ file, line, name }) => `${file}:${line} holds a secret, ${name}`).join('; ')}`,
    hint: `move each value into ${project.folder}/.env and write "\${NAME}" in its place (nothing has to be restarted for it), then draft again; or copy it into git as it is: just release-adopt --draft --with-secrets ${project.name}`,
  });
}
