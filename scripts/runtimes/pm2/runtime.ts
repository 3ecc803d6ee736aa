// The pm2 runtime: a service is a pm2 namespace, its components are the apps of its ecosystem file.
import { refused, stepFailed } from '../../model/error.ts';
import type { Runtime, RuntimeContext } from '../runtime.ts';
import { runPm2 } from './command.ts';
import { comparePm2 } from './compare.ts';
import { componentWords } from './last-words.ts';
import { pm2List, toRunning } from './list.ts';
import { quiescePm2 } from './quiet.ts';
import { resolvePm2 } from './resolve.ts';
import { startPm2, stopPm2 } from './stop.ts';
import { hasTree, treeImages } from './tree.ts';
import { checkNames, deletePm2, save, upPm2 } from './up.ts';

const POLL_MS = 100;

export const pm2Runtime: Runtime = {
  kind: 'pm2',

  async check(context) {
    const result = await runPm2(context, ['--version'], { quiet: true });
    const version = result.stdout.split('\n').findLast((line) => /^\d+\.\d+/.test(line));
    if (result.code === 0 && version) return { version };
    throw refused({
      what: 'pm2 does not run',
      where: 'pm2 --version',
      details: result.tail,
      hint: 'Try it by hand: pm2 --version',
    });
  },

  resolve: resolvePm2,

  async running(context, _service, project) {
    return (await pm2List(context))
      .filter((each) => each.namespace === project)
      .map((each) => toRunning(context, each));
  },

  available: treeImages,

  async acquire(context, _service, resolved, tree) {
    checkNames(resolved, await pm2List(context));
    return treeImages(context, resolved, tree);
  },

  /** Nothing to tag: git has the tree as long as it has the commit. */
  async keep(_context, _service, running) {
    return running.map((each) => ({ component: each.name, ref: '', id: each.imageId }));
  },

  quiesce: quiescePm2,

  stop: stopPm2,

  start: startPm2,

  up: upPm2,

  async absent(context, images) {
    const here = await Promise.all(images.map((image) => hasTree(context, image.id)));
    return images.filter((_, at) => !here[at]);
  },

  async down(context, service, project) {
    const mine = (await pm2List(context)).filter((each) => each.namespace === project);
    if (mine.length === 0) return;
    await deletePm2(context, service, mine);
    const left = (await pm2List(context)).filter((each) => each.namespace === project);
    if (left.length > 0)
      throw stepFailed({ what: `pm2 still runs ${left.map((each) => each.name).join(', ')}`, where: service.name });
    await save(context);
  },

  compare: comparePm2,

  lastWords: componentWords,

  async changed(context, project, ms) {
    const { clock } = context.host;
    const end = clock.monotonicMs() + ms;
    const before = ms > 2 * POLL_MS ? await livePids(context, project) : [];
    while (clock.monotonicMs() < end && !context.signal?.aborted) {
      await clock.sleep(Math.min(POLL_MS, end - clock.monotonicMs()), context.signal);
      if (before.some(({ pid, started }) => context.host.machine.startTime(pid) !== started)) return;
    }
  },
};

async function livePids(context: RuntimeContext, project: string) {
  const mine = (await pm2List(context)).filter((each) => each.namespace === project);
  return mine.flatMap(({ pid }) => (pid === undefined ? [] : [{ pid, started: context.host.machine.startTime(pid) }]));
}
