// What git must not take into commits: this host's records, its secrets, and packages. Only entries of the repository's own .gitignore count.
import { gitIn, tryGit } from '../../host/git/run.ts';
import type { Host } from '../../host/port.ts';
import { type Item, isThere } from './item.ts';

const FILE = '.gitignore';

/** @param modules the engine is among the packages of this repository. */
export async function ignoreItems(
  host: Host,
  root: string,
  modules: boolean,
): Promise<{ items: Item[]; notices: string[] }> {
  const exists = isThere(host.files, root, FILE, 'file');
  const wanted: Array<[entry: string, sample: string]> = [
    ['.asd/workspace/', '.asd/workspace/releases'],
    ['.env', '.env'],
    ...(modules ? [['node_modules/', 'node_modules/belay'] as [string, string]] : []),
  ];
  const items: Item[] = [];
  let text = exists ? (host.files.readText(`${root}/${FILE}`) ?? '') : '';
  let there = exists;
  for (const [entry, sample] of wanted) {
    const item = { path: FILE, what: entry };
    if (await isIgnored(host, root, sample)) items.push({ ...item, how: 'there' });
    else {
      const added = `${text === '' || text.endsWith('\n') ? '' : '\n'}${entry}\n`;
      items.push({ ...item, how: there ? 'append' : 'make', text: added });
      text += added;
      there = true;
    }
  }
  return { items, notices: await tracked(host, root) };
}

async function isIgnored(host: Host, root: string, path: string): Promise<boolean> {
  // What this user or this clone alone ignores is not ignored elsewhere.
  const own = ['-c', 'core.excludesFile=/dev/null', 'check-ignore', '--no-index', '--verbose', '--', path];
  const { stdout } = await gitIn(host, root, own);
  const [source = '', , pattern = ''] = stdout.split('\t')[0]?.split(':') ?? [];
  return source === FILE && !pattern.startsWith('!');
}

/** An entry of .gitignore does nothing for what is tracked already. */
async function tracked(host: Host, root: string): Promise<string[]> {
  const { stdout } = await tryGit({ host, root }, ['ls-files', '--', '.env', '.asd/workspace']);
  const names = stdout.split('\n').filter((name) => name !== '');
  if (names.length === 0) return [];
  const shown = names.slice(0, 3).join(', ');
  return [
    `${shown} is in git, whatever .gitignore says. It stays on disk with: git rm --cached -r -- .env .asd/workspace`,
  ];
}
