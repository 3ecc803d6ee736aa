// The steps of a restore, each to be repeated from anywhere: swap, start, settle, and the way back.
import { messageOf, ReleaseError, stepFailed } from '../model/error.ts';
import { awaitHealthy } from '../runtimes/health.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { fixOwners } from './fixes.ts';
import type { BackupContext, Restorer } from './kind.ts';
import type { RestoreOptions } from './restore.ts';
import { endingLines, type RestoreMark, removeMark, writeMark } from './restore-mark.ts';
import type { Restorable } from './restore-plan.ts';

/** Where the manifest says nothing of health. */
const UNGATED = { timeoutMs: 60_000, stableForMs: 0 };

export type RestoreStep =
  | 'pre-revert'
  | 'stage'
  | 'stop'
  | 'swap'
  | 'fix'
  | 'post_data_restore'
  | 'start'
  | 'healthy'
  | 'settle'
  | 'undo';

export interface Work {
  context: BackupContext;
  runtime: Runtime;
  options: RestoreOptions;
  mark: RestoreMark;
  layers: Restorable['layers'];
  /** Nothing of the service was touched yet, by this run or an earlier one. */
  untouched: boolean;
}

type Item = Restorable['layers'][number][number];

const itemsOf = (work: Work): Item[] => work.layers.flat();
const needing = (items: readonly Item[], swaps: Restorer['swaps']) =>
  items.filter(({ restorer }) => restorer.swaps === swaps);

async function step(work: Work, name: RestoreStep, act: () => Promise<void>, fields: Record<string, string> = {}) {
  work.options.onEvent('step-start', name, fields);
  await act();
  work.options.onEvent('step-done', name, fields);
}

const stop = ({ context, runtime }: Work, which: 'all' | 'apps') =>
  runtime.stop(context, context.service, context.resolved.project, which);

/** The stateful components that are there at all run: a database's own server, and nothing of the service that would write to it. */
async function serve({ context, runtime }: Work): Promise<void> {
  const there = new Set(context.running.map((each) => each.name));
  const stateful = context.resolved.components.filter((each) => each.stateful && there.has(each.name));
  if (stateful.length === 0) return;
  const names = stateful.map((each) => each.name);
  await runtime.start(context, context.service, context.resolved.project, names);
}

/** Stages everything, stops the service, swaps all items or none, mends what a restore leaves to mend. @throws as restoreBackup. */
export async function swapAll(work: Work): Promise<void> {
  const { context, options } = work;
  const items = itemsOf(work);
  try {
    await step(work, 'stage', async () => {
      const [first = []] = work.layers;
      if (needing(first, 'served').length > 0) await serve(work);
      for (const { restorer, restoring } of first) await restorer.stage(context, restoring);
    });
    work.untouched = false;
    await step(work, 'stop', () => stop(work, needing(items, 'served').length > 0 ? 'apps' : 'all'));
    await step(work, 'swap', async () => {
      for (const [depth, layer] of work.layers.entries()) await swapLayer(work, layer, depth > 0);
    });
    await step(work, 'fix', () =>
      fixOwners(
        context,
        items.map(({ restoring }) => restoring.item),
      ),
    );
    const { hook } = options;
    if (hook !== undefined) {
      await step(work, 'post_data_restore', async () => {
        await serve(work);
        await hook(context);
      });
    }
  } catch (error) {
    throw await takenBack(work, error);
  }
}

async function swapLayer(work: Work, layer: readonly Item[], staging: boolean): Promise<void> {
  for (const swaps of ['served', 'stopped'] as const) {
    const items = needing(layer, swaps);
    if (items.length === 0) continue;
    await (swaps === 'served' ? serve(work) : stop(work, 'all'));
    for (const { restorer, restoring } of items) {
      if (staging) await restorer.stage(work.context, restoring);
      await restorer.swap(work.context, restoring);
    }
  }
}

/** @returns what to throw. */
async function takenBack(work: Work, error: unknown): Promise<unknown> {
  const why = messageOf(error);
  try {
    // Whoever asked us to stop still gets a service that is whole.
    const { signal: _, ...context } = work.context;
    await putBack({ ...work, context });
  } catch (second) {
    return doubt(work, [`first: ${why}`, `then: ${second instanceof Error ? second.message : String(second)}`], second);
  }
  const facts = error instanceof ReleaseError ? error.facts : { what: why };
  const kind = error instanceof ReleaseError ? error.kind : 'step-failed';
  const note = `${work.context.service.name} is as it was before the restore.`;
  return new ReleaseError(kind, { ...facts, hint: [...[facts.hint ?? []].flat(), note] }, error);
}

function doubt({ context, mark }: Work, details: string[], cause: unknown): ReleaseError {
  const { name } = context.service;
  const { finish, undo } = endingLines(name, mark, { finish: 'or finish the restore', undo: 'put it back' });
  const facts = {
    what: `the restore of ${name} failed, and what was there before could not be put back either`,
    details,
    hint: [
      `What was live before lies beside the data, in names that end in asd-old-${mark.stamp}. Mend what is named above, then:`,
      undo,
      finish,
    ],
  };
  return new ReleaseError('in-doubt', facts, cause);
}

/** Everything that was swapped is swapped back, the service runs as before, nothing of the restore is left. @throws the first failure. */
export async function putBack(work: Work): Promise<void> {
  const { context, options, mark } = work;
  await step(work, 'undo', async () => {
    mark.stage = 'undoing';
    writeMark(context.host, options.dir, context.service.name, mark);
    if (!work.untouched) await stop(work, needing(itemsOf(work), 'served').length > 0 ? 'apps' : 'all');
    for (const layer of work.layers.toReversed()) {
      for (const swaps of ['stopped', 'served'] as const) {
        const items = needing(layer, swaps);
        if (items.length === 0) continue;
        if (!work.untouched) await (swaps === 'served' ? serve(work) : stop(work, 'all'));
        for (const { restorer, restoring } of items.toReversed()) await restorer.undo(context, restoring);
      }
    }
  });
  if (!work.untouched || mark.ran.length === 0) await startAgain(work);
  removeMark(context.host, options.dir, context.service.name, mark.stamp);
}

/** What ran before runs; where nothing did, what had to serve a restore is stopped again. */
async function startAgain(work: Work): Promise<void> {
  const { context, runtime, mark } = work;
  const { service, resolved } = context;
  if (mark.ran.length === 0) await stop(work, 'all');
  else await step(work, 'start', () => runtime.start(context, service, resolved.project, mark.ran));
}

/** @throws step-failed where it does not become healthy: it stays restored, and the old content is kept. */
export async function bringUp(work: Work): Promise<void> {
  const { context, runtime, mark } = work;
  const { service, resolved } = context;
  if (mark.ran.length === 0) return;
  try {
    await startAgain(work);
    const { timeoutMs, stableForMs } = service.health ?? UNGATED;
    await step(work, 'healthy', () =>
      awaitHealthy(context, runtime, service, resolved.project, { timeoutMs, stableForMs }),
    );
  } catch (error) {
    const facts = error instanceof ReleaseError ? error.facts : { what: String(error) };
    const does = { finish: 'try again: stop, start, look', undo: 'put back what was there before' };
    const { finish, undo } = endingLines(service.name, mark, does);
    throw stepFailed(
      {
        ...facts,
        what: `the data of ${service.name} is restored, but the service is not well with it: ${facts.what}`,
        hint: ['What was there before is kept. Go on with one of:', finish, undo],
      },
      error,
    );
  }
}

/** No way back after it: the mark says so first, so that a killed one is gone on with, and never begun anew. */
export async function settle(work: Work): Promise<void> {
  const { context, options, mark } = work;
  await step(work, 'settle', async () => {
    mark.stage = 'settling';
    writeMark(context.host, options.dir, context.service.name, mark);
    // Who starts the service says whether it runs.
    const stopped = mark.ran.length === 0 && options.start !== false;
    if (stopped && needing(itemsOf(work), 'served').length > 0) await serve(work);
    for (const { restorer, restoring } of itemsOf(work)) await restorer.settle(context, restoring);
    if (stopped) await stop(work, 'all');
  });
  removeMark(context.host, options.dir, context.service.name, mark.stamp);
}
