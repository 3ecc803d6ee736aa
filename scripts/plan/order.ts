// The order of services: lower priority first, names within; removed ones are handled before all others.
import type { ServiceFacts } from './facts.ts';

const DEFAULT_PRIORITY = 50;

export const priorityOf = (facts: ServiceFacts): number =>
  facts.after?.priority ?? facts.before?.priority ?? DEFAULT_PRIORITY;

export const changeOf = (facts: ServiceFacts): 'changed' | 'added' | 'removed' =>
  facts.after === undefined ? 'removed' : facts.before === undefined ? 'added' : 'changed';

export function inOrder(services: readonly ServiceFacts[]): ServiceFacts[] {
  return services.toSorted((a, b) => priorityOf(a) - priorityOf(b) || (a.name < b.name ? -1 : 1));
}

/** Services that start together: the same priority, lowest first. */
export function waves(services: readonly ServiceFacts[]): ServiceFacts[][] {
  const byPriority = Map.groupBy(inOrder(services), priorityOf);
  return [...byPriority.values()];
}
