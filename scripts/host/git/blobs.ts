// Contents of many blobs by one git call.
import { refused } from '../../model/error.ts';
import { git, type Repository } from './run.ts';

const MAX_BYTES = 64 * 1024 * 1024;

/**
 * @param ids blob ids; doubled ones are read once.
 * @param maxBytes for all of them together; default 64 MiB.
 * @throws refused where one is missing, not a blob, or not UTF-8 text.
 */
export async function readBlobs(
  repo: Repository,
  ids: readonly string[],
  maxBytes = MAX_BYTES,
): Promise<Map<string, string>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const found = await batch(
    repo,
    wanted.map((id) => ({ name: id, key: id })),
    maxBytes,
  );
  return readable(repo, wanted, found);
}

/**
 * One file of many trees.
 * @param trees ids, or `<commit>:<path>`, which need not be there; doubled ones are read once. @param file below each of them.
 * @returns tree id -> text; trees without the file are left out.
 * @throws refused where one is not a blob, or not UTF-8 text.
 */
export async function readInTrees(
  repo: Repository,
  trees: readonly string[],
  file: string,
): Promise<Map<string, string>> {
  const wanted = [...new Set(trees)];
  if (wanted.length === 0) return new Map();
  const found = await batch(
    repo,
    wanted.map((id) => ({ name: `${id}${id.includes(':') ? '/' : ':'}${file}`, key: id })),
    MAX_BYTES,
  );
  return readable(repo, [...found.keys()], found);
}

interface Read {
  blob: string;
  /** undefined: no blob, or not UTF-8. */
  text: string | undefined;
}

/** What git has under these names, by their keys; names that it does not know are left out. */
async function batch(
  repo: Repository,
  wanted: ReadonlyArray<{ name: string; key: string }>,
  maxBytes: number,
): Promise<Map<string, Read>> {
  // Sizes count bytes, and output is decoded text; a mark that no content can hold tells where a blob begins instead.
  const mark = repo.host.machine.random(16);
  const stdout = await git(repo, ['cat-file', `--batch=${mark} %(rest) %(objectname) %(objecttype) %(objectsize)`], {
    input: wanted.map(({ name, key }) => `${name} ${key}\n`).join(''),
    maxStdoutBytes: maxBytes,
  });
  const found = new Map<string, Read>();
  for (const part of stdout.split(`${mark} `).slice(1)) {
    const end = part.indexOf('\n');
    const [key = '', blob = '', type, size] = part.slice(0, end).split(' ');
    const text = type === 'blob' ? contentOf(part.slice(end + 1), Number(size)) : undefined;
    found.set(key, { blob, text });
  }
  return found;
}

/** @param output the content, a newline, and a line for each name after it that git does not know. @param bytes how long the content is. */
function contentOf(output: string, bytes: number): string | undefined {
  const rest = Buffer.byteLength(output) - bytes;
  const own = rest === 1 ? output.slice(0, -1) : Buffer.from(output).subarray(0, bytes).toString('utf8');
  return rest < 1 || own.includes('\uFFFD') ? undefined : own;
}

/** @throws refused where one is missing or could not be read. */
function readable(repo: Repository, wanted: readonly string[], found: ReadonlyMap<string, Read>): Map<string, string> {
  const texts = new Map<string, string>();
  const bad: string[] = [];
  for (const key of wanted) {
    const { blob, text } = found.get(key) ?? { blob: key, text: undefined };
    if (text === undefined) bad.push(blob);
    else texts.set(key, text);
  }
  if (bad.length === 0) return texts;
  throw refused({
    what: `${bad.length === 1 ? 'A file of the repository is' : `${bad.length} files of the repository are`} missing, or not UTF-8 text`,
    where: repo.root,
    details: bad.slice(0, 20).map((id) => `blob ${id}`),
    hint: 'Look at one with: git cat-file -p <blob>. A missing one: git fsck, then git fetch --refetch origin.',
  });
}
