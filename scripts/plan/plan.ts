// Facts -> Plan. Pure: the same facts make the same plan.
import { ReleaseError } from '../model/error.ts';
import { SCHEMA } from '../model/release.ts';
import type { Plan, ServicePlan } from '../model/step.ts';
import type { ReleaseFacts, ServiceFacts } from './facts.ts';
import { migrateSteps } from './migrate.ts';
import { newNotes } from './notes.ts';
import { changeOf, inOrder, priorityOf } from './order.ts';
import { prepareSteps } from './prepare.ts';
import { releaseReversibility, serviceReversibility } from './reversibility.ts';
import { ticketSteps } from './ticket.ts';
import { verifySteps } from './verify.ts';

/** Whether there is anything to do but move the checkout. */
export const hasWork = (facts: ReleaseFacts): boolean => facts.services.length > 0 || facts.scripts.length > 0;

/**
 * @param options.skipPrepare no staging, no backup, no Advance: the checkout is taken as it stands.
 * @param options.advanceOnly the checkout and the deployed ref move, nothing else; only where no service changed.
 * @throws nothing where there is no work, refused where advanceOnly meets changed services.
 */
export function makePlan(
  facts: ReleaseFacts,
  options: { advanceOnly: boolean; skipPrepare?: boolean } = { advanceOnly: false },
): Plan {
  if (options.advanceOnly && hasWork(facts)) {
    const names = [...facts.services.map((s) => s.name), ...facts.scripts.map((s) => s.path)];
    throw new ReleaseError('refused', {
      what: `--advance-only moves the checkout alone, but this range changes ${names.join(', ')}`,
      hint: `Release it: just release-run ${facts.ticket}`,
    });
  }
  if (!options.advanceOnly && !hasWork(facts)) throw nothingToDo(facts);
  const prepare = options.skipPrepare ? [] : prepareSteps(facts);
  const steps = [...prepare, ...migrateSteps(facts), ...ticketSteps(facts), ...verifySteps(facts)];
  return {
    schema: SCHEMA,
    ticket: facts.ticket,
    branch: facts.branch,
    baseSha: facts.baseSha,
    targetSha: facts.targetSha,
    headSha: facts.headSha,
    services: inOrder(facts.services).map((service) => ({
      ...servicePlan(service),
      reasons: facts.reasons[service.name] ?? [],
    })),
    scripts: facts.scripts,
    unclassified: facts.unclassified,
    notices: [...facts.notices, ...pushNotices(facts)],
    ...(facts.changelogs.length === 0 ? {} : { notes: newNotes(facts.changelogs) }),
    space: facts.space,
    push: facts.push,
    expected: { durationS: facts.expectedS },
    reversibility: options.skipPrepare
      ? { level: 'one-way', why: ['prepare is skipped: nothing is backed up'] }
      : releaseReversibility(facts),
    // One more than there are cores: a step that replaces containers spends its beginning and its end not doing so.
    concurrency: { wide: facts.config.concurrency, swap: Math.min(facts.config.concurrency, facts.cores + 1) },
    steps,
  };
}

function pushNotices({ push: { refused }, branch }: ReleaseFacts): string[] {
  if (refused === undefined) return [];
  return [
    `A revert of this release could not be pushed to ${refused.to}: ${refused.why}. It would put this host back all the same, and say how ${branch} gets it.`,
  ];
}

function nothingToDo(facts: ReleaseFacts): ReleaseError {
  const paths = facts.unclassified.length;
  return new ReleaseError('nothing', {
    what: `Nothing to release: no service and no script of ${facts.ticket} changed between ${facts.baseSha.slice(0, 12)} and ${facts.targetSha.slice(0, 12)}`,
    details: facts.unclassified.slice(0, 20).map((path) => `unclassified: ${path}`),
    hint: [
      ...(paths > 0
        ? [
            "If one of these changes a service, name it under `shared:` in .asd/release.yaml or in a manifest's `release.watch`.",
          ]
        : []),
      `To move the checkout all the same: just release-run ${facts.ticket} --advance-only`,
      `To release a service anyway (a changed .env, say): just release-run ${facts.ticket} --services=NAME`,
    ],
  });
}

function servicePlan(facts: ServiceFacts): Omit<ServicePlan, 'reasons'> {
  const manifest = facts.after ?? facts.before;
  return {
    name: facts.name,
    change: changeOf(facts),
    runtime: manifest?.runtime ?? 'compose',
    priority: priorityOf(facts),
    images: imageChanges(facts),
    hooks: hookOrder(facts),
    backup: facts.backup,
    uncovered: facts.uncovered,
    expected: facts.history,
    reversibility: serviceReversibility(facts),
    notices: [
      ...facts.notices,
      ...(manifest && facts.after && !manifest.health ? ['not gated: the manifest has no health section'] : []),
    ],
  };
}

function imageChanges(facts: ServiceFacts): ServicePlan['images'] {
  const names = new Set([...facts.images.before, ...facts.images.after].map((image) => image.component));
  const say = (images: ServiceFacts['images']['before'], name: string): string | undefined => {
    const image = images.find((i) => i.component === name);
    return image && (image.ref === '' ? image.id : `${image.ref} ${image.id}`.trim());
  };
  return [...names].map((component) => ({
    component,
    from: say(facts.images.before, component),
    to: say(facts.images.after, component),
  }));
}

function hookOrder(facts: ServiceFacts): string[] {
  const { hooks, after } = facts;
  const install = after?.install ? [after.install.join(' ')] : [];
  const e2e = after?.e2e ? [after.e2e.command.join(' ')] : [];
  const known = [
    hooks.preflight,
    ...install,
    hooks.pre_start_init,
    hooks.post_start_init,
    hooks['ensure-config'],
    ...e2e,
  ];
  return known.filter((hook) => hook !== undefined);
}
