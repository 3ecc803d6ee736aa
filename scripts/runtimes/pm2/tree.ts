// What a pm2 service runs is named by the git tree of its package; a stateful app's by the tree of its own folder in there.
import { relative } from 'node:path';
import { storeEnv } from '../../host/git/store.ts';
import { refused } from '../../model/error.ts';
import type { ComponentImage } from '../../model/receipt.ts';
import type { ResolvedService, RuntimeContext, ServiceTree } from '../runtime.ts';
import { pm2Environment } from './command.ts';
import { readDocument } from './ecosystem.ts';

/** @param path below the repository's root. @throws refused where the commit has no such folder. */
async function treeId(context: RuntimeContext, tree: ServiceTree, path: string): Promise<string> {
  const name = `${tree.commit ?? 'HEAD'}:${path}`;
  const argv = [
    'git',
    '-C',
    tree.repository ?? tree.root,
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    name,
  ];
  const result = await context.host.exec.run(argv, {
    env: {
      ...pm2Environment(context),
      GIT_OPTIONAL_LOCKS: '0',
      GIT_TERMINAL_PROMPT: '0',
      ...(tree.store && storeEnv(tree.store)),
    },
    timeoutMs: context.timeoutMs,
  });
  const id = result.stdout.trim();
  if (result.code === 0 && /^[0-9a-f]{40,64}$/.test(id)) return id;
  throw refused({
    what: `git has no ${path} at ${tree.commit ?? 'HEAD'}`,
    where: tree.repository ?? tree.root,
    hint: 'Commit the package.',
  });
}

/**
 * A stateful app (role database, cache or queue) whose `cwd` is a folder of its own inside the package is named by that folder's
 * tree, so that it stays up while the rest of the package changes. Every other app is named by the whole package.
 * @throws refused where git does not have the package.
 */
export async function treeImages(
  context: RuntimeContext,
  resolved: ResolvedService,
  tree: ServiceTree,
): Promise<ComponentImage[]> {
  const whole = `packages/${resolved.service}`;
  const ids = new Map<string, string>();
  const images: ComponentImage[] = [];
  for (const component of resolved.components) {
    const app = readDocument(resolved.document).find((each) => each.name === component.name);
    const own = app ? relative(context.paths.root, app.cwd) : whole;
    const path = component.stateful && own.startsWith(`${whole}/`) ? own : whole;
    const id = ids.get(path) ?? (await treeId(context, tree, path));
    ids.set(path, id);
    images.push({ component: component.name, ref: '', id: `tree:${id}` });
  }
  return images;
}

/** @param id `tree:<git tree id>`. */
export async function hasTree(context: RuntimeContext, id: string): Promise<boolean> {
  const name = `${id.replace(/^tree:/, '')}^{tree}`;
  const result = await context.host.exec.run(['git', '-C', context.paths.root, 'cat-file', '-e', name], {
    env: { ...pm2Environment(context), GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
    timeoutMs: context.timeoutMs,
  });
  return result.code === 0;
}
