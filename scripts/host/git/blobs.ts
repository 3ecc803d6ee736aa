// Contents of many blobs by one git call.
import { refused } from '../../model/error.ts';
import { git, type Repository } from './run.ts';

/**
 * @param ids blob ids; doubled ones are read once.
 * @param maxBytes for all of them together; default 64 MiB.
 * @throws refused where one is missing, not a blob, or not UTF-8 text.
 */
export async function readBlobs(
  repo: Repository,
  ids: readonly string[],
  maxBytes = 64 * 1024 * 1024,
): Promise<Map<string, string>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  // Sizes count bytes, and output is decoded text; a mark that no content can hold tells where a blob begins instead.
  const mark = repo.host.machine.random(16);
  const stdout = await git(repo, ['cat-file', `--batch=${mark} %(objectname) %(objecttype) %(objectsize)`], {
    input: wanted.map((id) => `${id}\n`).join(''),
    maxStdoutBytes: maxBytes,
  });
  const blobs = new Map<string, string>();
  for (const part of stdout.split(`${mark} `).slice(1)) {
    const end = part.indexOf('\n');
    const [id = '', type, size] = part.slice(0, end).split(' ');
    const text = part.slice(end + 1, -1);
    if (type === 'blob' && Buffer.byteLength(text) === Number(size) && !text.includes('\uFFFD')) blobs.set(id, text);
  }
  const bad = wanted.filter((id) => !blobs.has(id));
  if (bad.length === 0) return blobs;
  throw refused({
    what: `${bad.length === 1 ? 'A file of the repository is' : `${bad.length} files of the repository are`} missing, or not UTF-8 text`,
    where: repo.root,
    details: bad.slice(0, 20).map((id) => `blob ${id}`),
    hint: 'Look at one with: git cat-file -p <blob>. A missing one: git fsck, then git fetch --refetch origin.',
  });
}
