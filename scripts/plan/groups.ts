// Services of one group share data: where one of them is released, all of them are.
import type { Reason } from '../model/step.ts';
import type { ServiceEnds } from './classify.ts';

const groupOf = (ends: ServiceEnds | undefined): string | undefined => (ends?.after ?? ends?.before)?.group;

/** @param reasons services that are in the release already. @returns these and the installed others of their groups, in order of names. */
export function withGroups(
  reasons: ReadonlyMap<string, Reason[]>,
  services: ReadonlyMap<string, ServiceEnds>,
): Map<string, Reason[]> {
  const found = new Map(reasons);
  const first = new Map<string, string>();
  for (const name of reasons.keys()) {
    const group = groupOf(services.get(name));
    if (group !== undefined && !first.has(group)) first.set(group, name);
  }
  for (const [name, ends] of [...services].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const group = groupOf(ends);
    const because = group === undefined ? undefined : first.get(group);
    if (group === undefined || because === undefined || found.has(name) || !ends.after?.installed) continue;
    found.set(name, [{ kind: 'group', group, with: because }]);
  }
  return found;
}

interface Saving {
  name: string;
  group: string | undefined;
  /** `volume NAME` or `bind PATH`, as `uncovered` begins. */
  covers: readonly string[];
  uncovered: readonly string[];
}

/** @returns by service, what no backup of the service itself, and none of its group in the same release, covers. */
export function uncoveredInGroup(services: readonly Saving[]): Map<string, string[]> {
  return new Map(
    services.map(({ name, group, uncovered }) => {
      const others = services.filter((other) => group !== undefined && other.group === group && other.name !== name);
      const covered = others.flatMap((other) => other.covers);
      return [name, uncovered.filter((mount) => !covered.some((data) => mount.startsWith(`${data} (`)))];
    }),
  );
}
