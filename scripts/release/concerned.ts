// Which services of a release an accepted drift concerns: what was made of them before the mend is made again.
import { classify } from '../plan/classify.ts';
import { resolved, subject } from './resolve.ts';
import type { Session } from './session.ts';

/**
 * @param drift.paths tracked files that were changed by hand. @param drift.names of `.env`; one that no service is known to read concerns all.
 * @throws refused where a service does not resolve with the mend.
 */
export async function concerned(
  session: Session,
  drift: { paths: readonly string[]; names: readonly string[] },
): Promise<string[]> {
  const names = session.plan.services.filter((s) => s.change !== 'removed').map((s) => s.name);
  const ends = new Map(
    names.map((name) => {
      const glance = { installed: true, watch: session.manifests.after.get(name)?.release.watch ?? [] };
      return [name, { before: glance, after: glance }];
    }),
  );
  const changes = drift.paths.map((path) => ({ path, status: 'modified' as const }));
  const byPath = classify(changes, ends, session.context.config, session.ticket, []).reasons;
  if (drift.names.length === 0) return names.filter((name) => byPath.has(name));

  const read = await Promise.all(
    names.map(
      async (name) => (await resolved(session, name, 'after', await subject(session, name, 'after'))).variables,
    ),
  );
  const known = new Set(read.flat());
  if (drift.names.some((name) => !known.has(name))) return names;
  return names.filter((name, at) => byPath.has(name) || drift.names.some((each) => read[at]?.includes(each)));
}
