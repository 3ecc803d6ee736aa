// What a service mounts, and which of its components may still write there while the others are held still.
import { STATEFUL_ROLES } from '../../model/service.ts';
import type { Mount } from '../../runtimes/runtime.ts';
import type { BackupContext } from '../kind.ts';

export const mountsOf = (context: BackupContext): Mount[] =>
  context.resolved.components.flatMap((component) => component.mounts);

/** The real name of the volume that a manifest's suffix means: its key in the compose file, else <CONTAINER_PREFIX><service>-<suffix>. */
export function volumeName(context: BackupContext, suffix: string): string {
  const byKey = mountsOf(context).find((mount) => mount.kind === 'volume' && mount.key === suffix);
  return byKey?.source ?? `${context.env.CONTAINER_PREFIX ?? ''}${context.service.name}-${suffix}`;
}

export const isRunning = (context: BackupContext): boolean => context.running.some((component) => component.running);

/** Pause and stop hold apps and workers, never a database: what a running one mounts, too, may change under the copy. */
export function mayChange(context: BackupContext, source: string): boolean {
  if (!isRunning(context)) return false;
  if (context.service.backup.consistency === 'live') return true;
  const running = new Set(context.running.filter((component) => component.running).map((component) => component.name));
  return context.resolved.components
    .filter(
      (component) => running.has(component.name) && (component.stateful || STATEFUL_ROLES.includes(component.role)),
    )
    .some((component) => component.mounts.some((mount) => mount.writable && mount.source === source));
}
