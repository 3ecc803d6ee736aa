// The ticket's scripts as the target has them: what is planned is what runs.
import { readBlobs } from '../host/git/blobs.ts';
import type { Repository } from '../host/git/run.ts';
import { listTree } from '../host/git/trees.ts';
import { sha256 } from '../host/keyed-hash.ts';
import { refused } from '../model/error.ts';
import type { Classification } from '../plan/classify.ts';
import type { ReleaseFacts } from '../plan/facts.ts';

/** @throws refused where one is a link or a folder. */
export async function scriptFacts(
  repo: Repository,
  sha: string,
  found: Classification,
): Promise<ReleaseFacts['scripts']> {
  if (found.scripts.length === 0) return [];
  const entries = await listTree(repo, sha, 'releases');
  const all = new Map(entries.map((e) => [e.path, e]));
  const texts = await readBlobs(
    repo,
    found.scripts.map((path) => all.get(path)?.blob ?? ''),
  );
  return found.scripts.map((path) => {
    const entry = all.get(path);
    if (!entry?.mode.startsWith('100'))
      throw refused({ what: `${path} is not a regular file`, hint: 'A ticket script is a file, no link.' });
    const stem = path.replace(/\.(sh|ts)$/, '');
    const revert = [`${stem}.revert.sh`, `${stem}.revert.ts`].find((p) => all.has(p));
    return { path, sha256: sha256(texts.get(entry.blob) ?? ''), revert };
  });
}
