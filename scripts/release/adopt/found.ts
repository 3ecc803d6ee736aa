// The manifests that an adoption is about: each read by itself, so that one which is wrong keeps nobody from hearing of the others.
import type { Repository } from '../../host/git/run.ts';
import { checkManifest } from '../../manifest/parse.ts';
import { problemLine } from '../../manifest/problems.ts';
import { withVariables } from '../../manifest/variables.ts';
import { ReleaseError } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { Context } from '../context.ts';
import { readManifests } from '../manifests.ts';

export interface Found {
  /** Installed services, in the order of their names. */
  manifests: ServiceManifest[];
  notices: string[];
  /** By service: what its manifest is refused for. */
  problems: Array<{ name: string; lines: string[] }>;
}

/** As they lie in the live checkout now, committed or not. */
export async function manifestsOnDisk({ host, paths, env }: Context): Promise<Found> {
  const found: Found = { manifests: [], notices: [], problems: [] };
  for (const name of host.files.list(`${paths.root}/packages`)) {
    const file = `packages/${name}/manifest.yaml`;
    await collect(found, name, () => {
      const text = host.files.readText(`${paths.root}/${file}`, { follow: true });
      if (text === undefined) return;
      const { manifest, notices, problems } = checkManifest(text, { file, folder: name });
      if (problems.length > 0) found.problems.push({ name, lines: problems.map(problemLine) });
      else if (manifest.installation === 'installed') {
        found.notices.push(...notices);
        found.manifests.push(withVariables(manifest, env));
      }
    });
  }
  return found;
}

/** As a commit has them. */
export async function manifestsAt(repo: Repository, sha: string, env: Context['env']): Promise<Found> {
  const read = await readManifests(repo, sha, sha, env);
  const found: Found = { manifests: [], notices: [], problems: [] };
  for (const name of [...read.ends.keys()].sort()) {
    if (!read.ends.get(name)?.after?.installed) continue;
    await collect(found, name, async () => {
      const { manifests, notices } = await read.parse([name], 'after');
      found.manifests.push(...manifests.values());
      found.notices.push(...notices);
    });
  }
  return found;
}

async function collect(found: Found, name: string, read: () => Promise<void> | void): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    const { what, details = [] } = error.facts;
    found.problems.push({ name, lines: details.length > 0 ? details : [what] });
  }
}
