// What runs, against what the tree says: one sentence for each thing that the next `up` would change.
import type { ServiceManifest } from '../../model/service.ts';
import type { Difference, ResolvedService, RuntimeContext, ServiceTree } from '../runtime.ts';
import { type Pm2Process, pm2List } from './list.ts';
import { treeImages } from './tree.ts';

/** @returns empty where nothing differs. @throws refused where git does not have the package. */
export async function comparePm2(
  context: RuntimeContext,
  _service: ServiceManifest,
  resolved: ResolvedService,
  tree: ServiceTree,
): Promise<Difference[]> {
  const all = await pm2List(context);
  const mine = all.filter((each) => each.namespace === resolved.project);
  const wanted = await treeImages(context, resolved, tree);
  const differences = wanted.flatMap(({ component, id }) => {
    const running = mine.filter((each) => each.name === component && each.pid !== undefined);
    return running.length === 0 ? [missing(component, resolved, all)] : running.flatMap((each) => stale(each, id));
  });
  const extra = mine.filter((each) => !wanted.some((image) => image.component === each.name));
  const surplus = extra.map((each) => `${each.name} runs, and the ecosystem file has no such app`);
  return [...differences, ...surplus].map((what) => ({ what }));
}

function missing(app: string, resolved: ResolvedService, all: readonly Pm2Process[]): string {
  const elsewhere = all.find((each) => each.name === app && each.namespace !== resolved.project);
  if (!elsewhere) return `${app} does not run in pm2's namespace ${resolved.project}`;
  return `${app} runs in pm2's namespace ${elsewhere.namespace}, not ${resolved.project}: start it with --namespace ${resolved.project}`;
}

function stale(running: Pm2Process, id: string): string[] {
  if (`tree:${running.tree}` === id) return [];
  if (running.tree === undefined)
    return [
      `${running.name} does not say which tree it runs: start it with ASD_TREE=${id.replace('tree:', '')} in its environment`,
    ];
  return [`${running.name} runs tree ${running.tree.slice(0, 12)}, the commit has ${id.slice(5, 17)}`];
}
