// Which profiles were on when a project was started: compose does not write it down, so it is read from what is there.
import { asTree, composeTree } from '../runtimes/compose/text.ts';

/**
 * @param texts of the project's files. @param there the services that have a container.
 * @returns the profiles all of whose services are there: with them, compose has the same services again.
 */
export function profilesOf(texts: readonly string[], there: ReadonlySet<string>): string[] {
  const members = new Map<string, string[]>();
  for (const text of texts) {
    const services = asTree(composeTree(text).services);
    for (const [service, body] of Object.entries(services)) {
      const { profiles } = asTree(body);
      for (const profile of Array.isArray(profiles) ? profiles.filter((each) => typeof each === 'string') : [])
        members.set(profile, [...(members.get(profile) ?? []), service]);
    }
  }
  const on = [...members].filter(([, services]) => services.every((service) => there.has(service)));
  return on.map(([profile]) => profile).sort();
}
