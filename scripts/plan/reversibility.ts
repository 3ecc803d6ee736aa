// How well a release can be taken back, and why: the worst of its services and scripts.
import type { Reversibility } from '../model/step.ts';
import type { ReleaseFacts, ServiceFacts } from './facts.ts';
import { changeOf } from './order.ts';

/** instant: nothing but versions changed hands. restore: data has to come back from backups. one-way: something would be lost. */
export function serviceReversibility(service: ServiceFacts): Reversibility {
  const why: string[] = [];
  const manifest = service.before;
  if (changeOf(service) === 'added' || !manifest) return { level: 'instant' };
  if (manifest.database && !(manifest.backup.enabled && manifest.backup.types.includes('database'))) {
    why.push(`the database of ${service.name} is not backed up`);
  }
  for (const mount of service.uncovered) why.push(`${service.name} writes to ${mount}, which no backup covers`);
  if (why.length > 0) return { level: 'one-way', why };
  if (service.backup.some(({ item }) => !item.startsWith('config')))
    return { level: 'restore', why: [`data of ${service.name} comes back from its backup`] };
  return { level: 'instant' };
}

export function releaseReversibility(facts: ReleaseFacts): Reversibility {
  const parts = facts.services.map(serviceReversibility);
  const why = parts.flatMap((p) => (p.level === 'one-way' ? p.why : []));
  for (const script of facts.scripts) {
    if (script.revert === undefined) why.push(`${script.path} has no revert script beside it`);
  }
  if (why.length > 0) return { level: 'one-way', why };
  const restore = parts.flatMap((p) => (p.level === 'restore' ? p.why : []));
  return restore.length > 0 ? { level: 'restore', why: restore } : { level: 'instant' };
}
