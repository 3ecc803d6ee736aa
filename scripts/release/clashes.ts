// What two services cannot have both, and what all of them together need: names, ports, compose projects, room for their backups.
import { crossRules } from '../manifest/cross.ts';
import { refused } from '../model/error.ts';
import type { ServiceManifest } from '../model/service.ts';
import type { ReleaseFacts } from '../plan/facts.ts';
import type { Context } from './context.ts';
import type { Manifests } from './manifests.ts';
import type { Observed } from './observe-service.ts';

/** Two services on one port or project. Manifests that cannot clash, by a look at their lines, are not read in full. @throws refused */
export async function checkClashes(
  context: Context,
  changed: ReadonlyMap<string, ServiceManifest>,
  manifests: Manifests,
): Promise<void> {
  const needles = [...changed.values()].flatMap((m) => [
    ...m.ports.flatMap((p) => [p.env, context.env[p.env] || String(p.default)]),
    ...(m.compose.project === undefined ? [] : [m.compose.project]),
  ]);
  if (needles.length === 0) return;
  const pattern = new RegExp(
    `(?<![A-Za-z0-9_])(?:${needles.map((n) => n.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})(?![A-Za-z0-9_])`,
  );
  const suspects = [...manifests.claims()]
    .filter(([name, text]) => !changed.has(name) && pattern.test(text))
    .map(([name]) => name);
  // A manifest that this release does not change is not refused for what is wrong elsewhere in it.
  const all = [...changed.values(), ...(await manifests.readable(suspects)).values()];
  const problems = crossRules(all, context.env);
  if (problems.length === 0) return;
  throw refused({
    what: "Services at the target are in each other's way",
    where: 'packages/*/manifest.yaml, .env',
    details: problems,
    hint: 'Give one of them another port (requirements.port_env, or its variable in .env) or project, then try again.',
  });
}

export function checkPorts(services: readonly Observed[]): void {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const { facts, resolved } of services) {
    for (const component of resolved.after?.components ?? []) {
      for (const { hostIp, port, protocol } of component.ports) {
        const key = `${hostIp}:${port}/${protocol}`;
        const other = owners.get(key);
        if (other !== undefined && other !== facts.name)
          problems.push(`${other} and ${facts.name} both publish ${key}`);
        owners.set(key, facts.name);
      }
    }
  }
  if (problems.length > 0)
    throw refused({
      what: 'Two services publish one port',
      details: problems,
      hint: 'Give one of them another port in its compose file or in .env.',
    });
}

export function checkSpace(space: ReleaseFacts['space']): void {
  if (space.neededBytes <= space.freeBytes) return;
  throw refused({
    what: `Too little disk for the backups: ${Math.ceil(space.neededBytes / 1e6)} MB may be needed, ${Math.floor(space.freeBytes / 1e6)} MB are free`,
    where: space.dir,
    hint: 'Make room there, or name another place as backup.dir in .asd/release.yaml.',
  });
}
