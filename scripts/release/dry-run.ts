// The plan without the release: fetched into a temporary store, resolved in a temporary tree, no lock, nothing left behind.

import { readRef } from '../host/git/commits.ts';
import { listReleases } from '../journal/records.ts';
import { EXIT } from '../model/error.ts';
import type { Plan } from '../model/step.ts';
import { describePlan, describeSteps } from '../plan/describe.ts';
import { checkBreaking } from '../plan/notes.ts';
import { makePlan } from '../plan/plan.ts';
import { openContext } from './context.ts';
import { DEPLOYED_REF } from './deployed-ref.ts';
import { confirmWish, describeWish } from './guard/arm.ts';
import { observe } from './observe.ts';
import { checkFresh, checkUnblocked, inheritance, readRecords } from './standing-records.ts';
import type { World } from './world.ts';

export interface DryRequest {
  ticket: string;
  branch: string | undefined;
  allowNonMain: boolean;
  anyCheckout?: boolean;
  services: readonly string[];
  advanceOnly: boolean;
  ackReverted?: readonly string[];
  ackBreaking?: boolean;
  supersedes?: string | undefined;
  confirmWithinMs?: number | undefined;
  json: boolean;
  /** A commit that is here, instead of fetching. */
  targetSha?: string;
}

/** @returns 0 with the plan printed. @throws what a real run would be refused with. */
export async function dryRun(world: World, request: DryRequest): Promise<number> {
  const context = await openContext(world);
  const { host, paths } = context;
  const records = readRecords(context, request.ticket);
  checkFresh(records);
  checkUnblocked(records, request.supersedes);
  const inherited = inheritance(records, request.supersedes, await readRef(context.repo, DEPLOYED_REF));
  host.files.mkdir(paths.cache);
  const dryFolder = host.files.tempFolder(paths.cache, 'dry-');
  try {
    const { facts } = await observe(context, {
      ...request,
      knownTickets: listReleases(host, paths)
        .map((e) => e.ticket)
        .filter((t) => t !== request.ticket),
      dryFolder,
      ...(inherited ? { inherited } : {}),
    });
    const wish = describeWish(confirmWish(context.config, request.confirmWithinMs));
    const plan = makePlan(facts, { advanceOnly: request.advanceOnly });
    const acknowledged = request.ackBreaking ?? false;
    // As JSON there is one answer, the plan or the refusal.
    if (request.json) checkBreaking(plan, acknowledged);
    show(world, plan, request.json, wish);
    checkBreaking(plan, acknowledged);
    return EXIT.ok;
  } finally {
    host.files.remove(dryFolder);
  }
}

function show({ terminal }: World, plan: Plan, json: boolean, wish: readonly string[]): void {
  if (json) {
    terminal.say(JSON.stringify(plan));
    return;
  }
  for (const line of [
    ...describePlan(plan),
    '',
    'Steps:',
    ...describeSteps(plan).map((s) => `  ${s}`),
    ...wish,
    '',
    'Nothing was changed.',
  ])
    terminal.say(line);
}
