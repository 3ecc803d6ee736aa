// Volumes and folders that two services write to: what is done to the data of one is done to the other's.
import type { Files } from '../../host/port.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { Difference, Mount, ResolvedService } from '../../runtimes/runtime.ts';

interface Subject {
  manifest: ServiceManifest;
  resolved: ResolvedService | undefined;
}

/** Data that several services write to: `volume NAME` or `bind PATH`, and the services by name. A socket or device holds none. */
export function writers(files: Pick<Files, 'stat'>, services: readonly Subject[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { manifest, resolved } of services) {
    for (const mount of resolved?.components.flatMap((each) => each.mounts) ?? []) {
      if (!mount.writable || mount.source === '') continue;
      if (mount.kind === 'bind' && isOther(files, mount.source)) continue;
      const data = nameOf(mount);
      const names = found.get(data) ?? [];
      if (!names.includes(manifest.name)) found.set(data, [...names, manifest.name]);
    }
  }
  return new Map([...found].filter(([, names]) => names.length > 1));
}

function isOther(files: Pick<Files, 'stat'>, path: string): boolean {
  try {
    return files.stat(path)?.kind === 'other';
  } catch (error) {
    // In a folder that this user may not look into: as good as data.
    if (error instanceof Error && 'syscall' in error) return false;
    throw error;
  }
}

const nameOf = ({ kind, source }: Pick<Mount, 'kind' | 'source'>): string => `${kind} ${source}`;

/** A difference for each that is not in the group of the others, or that backs the same data up once more. */
export function sharedData(
  files: Pick<Files, 'stat'>,
  services: readonly Subject[],
): Array<{ name: string; difference: Difference }> {
  return [...writers(files, services)].flatMap(([data, names]) => {
    const sharing = services.filter(({ manifest }) => names.includes(manifest.name));
    const groups = new Set(sharing.map(({ manifest }) => manifest.release.group));
    const others = (name: string) => names.filter((each) => each !== name).join(', ');
    if (groups.size > 1 || groups.has(undefined)) {
      const group = [...groups].find((each) => each !== undefined) ?? names[0] ?? '';
      return sharing
        .filter(({ manifest }) => manifest.release.group !== group)
        .map(({ manifest: { name } }) => ({
          name,
          difference: {
            what: `the ${data} is shared with ${others(name)}: backing up or reverting one affects both`,
            mend: `release: { group: ${group} }, in the manifests of ${names.join(' and ')}`,
          },
        }));
    }
    const saving = sharing.filter((each) => saves(each, data));
    return saving.slice(1).map(({ manifest: { name } }) => ({
      name,
      difference: {
        what: `the ${data} is backed up by ${saving[0]?.manifest.name}, of the same group, already`,
        mend: 'take it out of backup.volumes here: a revert would bring it back twice',
      },
    }));
  });
}

function saves({ manifest, resolved }: Subject, data: string): boolean {
  const mounts = resolved?.components.flatMap((each) => each.mounts) ?? [];
  return manifest.backup.volumes.some((spec) =>
    mounts.some(
      (mount) => nameOf(mount) === data && ('bind' in spec ? mount.source === spec.bind : mount.key === spec.suffix),
    ),
  );
}
