// What of a plan reached the host, as far as the journal tells. What is not known counts as touched.
import type { LoggedEvent } from '../model/event.ts';
import type { Plan } from '../model/step.ts';

export interface Touched {
  services: Set<string>;
  /** Ticket scripts that were begun. */
  scripts: Set<string>;
}

/** @param events since the release began; undefined: the log cannot be believed. */
export function touched(plan: Plan, events: readonly LoggedEvent[] | undefined): Touched {
  const all = new Set(plan.services.map((s) => s.name));
  const scripts = new Set(plan.scripts.map((s) => s.path));
  if (events === undefined) return { services: all, scripts };
  const begun = events.filter((e) => e.event === 'step-start' && e.phase !== 'prepare' && e.phase !== 'verify');
  const ran = new Set(
    begun.filter((e) => e.fields.step === 'script' && e.phase === 'ticket').map((e) => e.fields.path ?? ''),
  );
  // A ticket's script may have written to any service's data.
  if (ran.size > 0) return { services: all, scripts: ran };
  // What a release that was taken over did to them is not in this one's log.
  const inherited = plan.services.filter((s) => s.reasons.some((r) => r.kind === 'superseded')).map((s) => s.name);
  const named = begun.flatMap(({ fields: { service = '' } }) => (all.has(service) ? [service] : []));
  return { services: new Set([...inherited, ...named]), scripts: ran };
}
