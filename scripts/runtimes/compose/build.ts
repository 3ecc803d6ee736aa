// Building a component from the stage, under a project and an image name of its own, so that no live tag moves.
import type { Docker } from '../../host/docker.ts';
import { stepFailed } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { ResolvedService, RuntimeContext, ServiceTree } from '../runtime.ts';
import { composeArgs, composeEnv, docker, knowing } from './command.ts';
import { composeFiles, linkLiveFiles, projectFolder } from './files.ts';

/** @returns the id of the image, which is kept as `asd-build/<service>:<ticket>.<component>`. @throws step-failed. */
export async function buildImage(
  context: RuntimeContext,
  engine: Docker,
  service: ServiceManifest,
  resolved: ResolvedService,
  component: string,
  tree: ServiceTree,
): Promise<string> {
  const ref = `asd-build/${service.name}:${context.ticket}.${component}`;
  const files = composeFiles(context, service, tree);
  if (!tree.live) linkLiveFiles(context, service, tree, files);
  const project = `${resolved.project}-stage-${context.ticket.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '-')}`;
  // The build's folder is the tree's, and a second file, on standard input, renames the result.
  const args = composeArgs(context, service, {
    project,
    directory: projectFolder(context, service, tree.root),
    files: { ...files, paths: [...files.paths, '-'] },
  });
  await docker(knowing(context, service), [...args, 'build', component], {
    env: composeEnv(service),
    input: JSON.stringify({ services: { [component]: { image: ref } } }),
    what: `${service.name} was not built`,
    where: `compose service ${component}`,
  });
  const image = await engine.image(ref);
  if (image === undefined)
    throw stepFailed({
      what: `${service.name} was built, but ${ref} is not here`,
      where: `compose service ${component}`,
    });
  return image.id;
}
