// The changelogs that a release changes, as they are at both of its ends.
import { type Repository, tryGit } from '../host/git/run.ts';
import type { ChangedPath } from '../model/checkout.ts';
import type { ChangelogText } from '../plan/notes.ts';

/** Of each file; the newest entries stand at its top. */
const MAX_BYTES = 1024 * 1024;
const MAX_FILES = 20;

/** @param patterns globs. @param ends commits. */
export async function readChangelogs(
  repo: Repository,
  changes: readonly ChangedPath[],
  patterns: readonly string[],
  ends: { base: string; target: string },
): Promise<{ files: ChangelogText[]; notices: string[] }> {
  const globs = patterns.map((pattern) => new Bun.Glob(pattern));
  const changed = changes.filter(({ path }) => globs.some((glob) => glob.match(path)));
  const notices: string[] = [];
  if (changed.length > MAX_FILES)
    notices.push(`${changed.length} changelogs change; only the first ${MAX_FILES} are read for release notes`);
  const files: ChangelogText[] = [];
  for (const { path, status } of changed.slice(0, MAX_FILES)) {
    const before = status === 'added' ? undefined : await textAt(repo, ends.base, path);
    const after = status === 'deleted' ? undefined : await textAt(repo, ends.target, path);
    notices.push(...oddities(path, before, after));
    files.push({ path, before: before?.text, after: after?.text });
  }
  return { files, notices };
}

interface Read {
  text: string;
  cut: boolean;
}

/** Whatever the encoding: both ends are read alike. */
async function textAt(repo: Repository, sha: string, path: string): Promise<Read | undefined> {
  const result = await tryGit(repo, ['cat-file', 'blob', `${sha}:${path}`], {
    maxStdoutBytes: MAX_BYTES,
    truncate: true,
  });
  if (result.code !== 0) return undefined;
  const text = result.stdout;
  const cut = Buffer.byteLength(text) >= MAX_BYTES;
  // The entry that it was cut in would not be known again.
  return { text: cut ? text.slice(0, Math.max(text.lastIndexOf('\n#'), 0) || text.lastIndexOf('\n')) : text, cut };
}

function oddities(path: string, before: Read | undefined, after: Read | undefined): string[] {
  if (!after) return [`${path} is gone at the target: it has no release notes`];
  return [
    ...(before ? [] : [`${path} is new: all that it says counts as new`]),
    ...(after.cut ? [`${path} is larger than 1 MiB: its beginning is read for release notes`] : []),
    ...(after.text.includes('\0') ? [`${path} is no UTF-8 text: its release notes cannot be told`] : []),
  ];
}
