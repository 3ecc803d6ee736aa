// Commands of the simulated git that only look.
import { join } from 'node:path';
import { type GitCall, type GitCommand, GitError } from './git-call.ts';
import type { Entry } from './git-objects.ts';
import { branchOf, type Checkout, dirtyPaths, readIndex, resolve } from './git-repository.ts';
import { failed, type Outcome, said, textOf } from './program.ts';

const plain = (args: readonly string[]): string[] => args.filter((each) => !each.startsWith('-'));
const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
const ended = (all: readonly string[]): string => all.map((field) => `${field}\0`).join('');

function revParse({ repo, args }: GitCall): Outcome {
  if (args[0] === '--verify' || args.includes('--quiet')) {
    const found = resolve(repo, plain(args)[0] ?? '');
    if (found !== undefined) return said(`${found}\n`);
    return args.includes('--quiet') ? failed(1) : failed(128, 'fatal: Needed a single revision');
  }
  const answers: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    if (word.startsWith('--path-format')) continue;
    if (word === '--git-path') {
      at += 1;
      const name = args[at] ?? '';
      const shared = /^(?:refs|objects|packed-refs|config|info)/.test(name);
      answers.push(join(shared ? repo.commonDir : repo.gitDir, name));
    } else if (word === '--is-bare-repository') answers.push(repo.root === '' ? 'true' : 'false');
    else if (word === '--is-shallow-repository') answers.push('false');
    else if (word === '--absolute-git-dir') answers.push(repo.gitDir);
    else if (word === '--git-common-dir') answers.push(repo.commonDir);
    else if (word === '--show-object-format') answers.push('sha1');
    else if (word === '--show-toplevel') answers.push(repo.root);
    else if (word === '--symbolic-full-name') continue;
    else if (word.startsWith('-')) throw new Error(`the simulated git rev-parse has no ${word}`);
    else {
      const found = resolve(repo, word);
      if (found === undefined) throw new GitError(128, `fatal: ambiguous argument '${word}'`);
      answers.push(found);
    }
  }
  return said(lines(answers));
}

function status({ repo }: GitCall): Outcome {
  const branch = branchOf(repo);
  const changed = dirtyPaths(repo).map(
    ([path, xy]) => `1 ${xy} N... 100644 100644 100644 ${'0'.repeat(40)} ${'0'.repeat(40)} ${path}`,
  );
  return said(
    ended([
      `# branch.oid ${resolve(repo, 'HEAD') ?? '(initial)'}`,
      `# branch.head ${branch ?? '(detached)'}`,
      ...changed,
    ]),
  );
}

function remote({ repo, args }: GitCall): Outcome {
  const url = setting(repo, 'remote.origin.url');
  return args[0] === 'get-url' && url !== undefined ? said(`${url}\n`) : failed(2, "error: No such remote 'origin'");
}

/** The simulated `config` is one `key=value` a line. */
export function setting(repo: Checkout, key: string): string | undefined {
  const file = repo.world.disk.find(join(repo.commonDir, 'config'));
  const text = file === undefined ? '' : textOf(file.data);
  return text
    .split('\n')
    .find((line) => line.startsWith(`${key}=`))
    ?.slice(key.length + 1);
}

/** The repository that origin is. @throws GitError where it cannot be reached. */
export function origin(given: GitCall): Checkout {
  const url = setting(given.repo, 'remote.origin.url');
  const { world } = given.repo;
  if (url === undefined || world.disk.find(join(url, 'HEAD')) === undefined)
    throw new GitError(128, `fatal: '${url}' does not appear to be a git repository`);
  return { ...given.repo, gitDir: url, commonDir: url, root: '', indexFile: join(url, 'index') };
}

function catFile({ repo, args, call, id }: GitCall): Outcome {
  const { objects } = repo.world;
  const [how = ''] = args;
  const path = args.find((each) => each.startsWith('--path='));
  if (how === '-e') return resolve(repo, plain(args)[0] ?? '') === undefined ? failed(1) : said();
  if (path !== undefined) return said(objects.blobData(id(plain(args)[0] ?? '')));
  const asked = textOf(call.input).split('\n').filter(Boolean);
  const format = how.includes('=') ? how.slice(how.indexOf('=') + 1) : '%(objectname) %(objecttype) %(objectsize)';
  const parts = asked.map((line) => {
    // With %(rest), what follows the first blank is only handed through.
    const at = format.includes('%(rest)') ? line.indexOf(' ') : -1;
    const [word, rest] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    const found = resolve(repo, word);
    const type = found === undefined ? undefined : objects.type(found);
    if (found === undefined || type === undefined) return Buffer.from(`${word} missing\n`);
    const data = type === 'blob' ? objects.blobData(found) : new Uint8Array();
    const head = format
      .replace('%(rest)', rest)
      .replace('%(objectname)', found)
      .replace('%(objecttype)', type)
      .replace('%(objectsize)', String(data.length));
    return how.startsWith('--batch-check')
      ? Buffer.from(`${head}\n`)
      : Buffer.concat([Buffer.from(`${head}\n`), data, Buffer.from('\n')]);
  });
  return said(Buffer.concat(parts));
}

function lsTree({ repo, args, id }: GitCall): Outcome {
  const { objects } = repo.world;
  const [ref = '', ...paths] = plain(args);
  const all = objects.files(id(ref));
  const rows = new Map<string, string>();
  const row = (path: string, { mode, id: blob }: Entry) => rows.set(path, `${mode} blob ${blob}\t${path}`);
  for (const [path, entry] of all) {
    const under = paths.find((each) =>
      each.endsWith('/') ? path.startsWith(each) : path === each || path.startsWith(`${each}/`),
    );
    if (paths.length > 0 && under === undefined) continue;
    if (args.includes('-r')) {
      row(path, entry);
      continue;
    }
    const base = under?.endsWith('/') ? under : '';
    const inside = path.slice(base.length);
    if (!inside.includes('/')) row(path, entry);
    else {
      const folder = `${base}${inside.split('/')[0]}`;
      rows.set(folder, `040000 tree ${resolve(repo, `${id(ref)}:${folder}`)}\t${folder}`);
    }
  }
  return said(ended([...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)));
}

function diffTree({ repo, args, id }: GitCall): Outcome {
  const { objects } = repo.world;
  const [a = '', b = ''] = plain(args);
  const [from, to] = [objects.files(id(a)), objects.files(id(b))];
  const none: Entry = { mode: '000000', id: '0'.repeat(40) };
  const found = [...new Set([...from.keys(), ...to.keys()])].sort().flatMap((path) => {
    const [old, next] = [from.get(path), to.get(path)];
    if (old?.id === next?.id && old?.mode === next?.mode) return [];
    const letter = old === undefined ? 'A' : next === undefined ? 'D' : 'M';
    if (!args.includes('--raw')) return [letter, path];
    const [x, y] = [old ?? none, next ?? none];
    return [`:${x.mode} ${y.mode} ${x.id} ${y.id} ${letter}`, path];
  });
  return said(ended(found));
}

function mergeBase({ repo, args, id }: GitCall): Outcome {
  const [a = '', b = ''] = plain(args);
  const { objects } = repo.world;
  if (args.includes('--is-ancestor')) return objects.ancestors(id(b)).has(id(a)) ? said() : failed(1);
  const base = objects.mergeBase(id(a), id(b));
  return base === undefined ? failed(1) : said(`${base}\n`);
}

/** `a..b`, `a b --not c`, newest first. */
function commits({ repo, args, id }: GitCall): string[] {
  const { objects } = repo.world;
  const [wanted, unwanted] = [new Set<string>(), new Set<string>()];
  let not = false;
  for (const word of args) {
    if (word === '--not') not = !not;
    else if (word === '--') break;
    else if (word === '--remotes=origin') {
      const folder = join(repo.commonDir, 'refs/remotes/origin');
      const refs = repo.world.disk.below(folder).map((path) => path.slice(repo.commonDir.length + 1));
      for (const name of refs)
        for (const each of resolve(repo, name) === undefined ? [] : objects.ancestors(id(name))) unwanted.add(each);
    } else if (!word.startsWith('-')) {
      const [from, to] = word.includes('..') ? word.split('..') : ['', word];
      for (const each of objects.ancestors(id(to ?? ''))) (not ? unwanted : wanted).add(each);
      if (from) for (const each of objects.ancestors(id(from))) unwanted.add(each);
    }
  }
  return [...wanted].filter((each) => !unwanted.has(each));
}

function log(given: GitCall): Outcome {
  const { args, repo, id } = given;
  const { objects } = repo.world;
  const max = Number(
    args.find((each) => each.startsWith('--max-count='))?.slice('--max-count='.length) ?? Number.POSITIVE_INFINITY,
  );
  const found = args.includes('--no-walk') ? [id(plain(args)[0] ?? '')] : commits(given).slice(0, max);
  const format = args.find((each) => each.startsWith('--format='))?.slice('--format='.length) ?? '%H';
  const shown = found.map((each) =>
    format.replace('%H', each).replace('%s', objects.commitOf(each).message.split('\n')[0] ?? ''),
  );
  return said(args.includes('-z') ? shown.join('\0') : lines(shown));
}

/** `a...b` with --cherry-pick --right-only: commits of b alone whose change no commit of a alone makes. */
function unlike({ repo, id }: GitCall, range: string): string[] {
  const { objects } = repo.world;
  const [a = '', b = ''] = range.split('...').map(id);
  const alone = (of: string, without: string) =>
    [...objects.ancestors(of)].filter((each) => !objects.ancestors(without).has(each));
  const change = (commit: string): string => {
    const { tree, parents } = objects.commitOf(commit);
    const [from, to] = [
      parents[0] === undefined ? new Map<string, Entry>() : objects.files(parents[0]),
      objects.files(tree),
    ];
    const paths = [...new Set([...from.keys(), ...to.keys()])].sort();
    return JSON.stringify(
      paths.flatMap((path) => (from.get(path)?.id === to.get(path)?.id ? [] : [[path, from.get(path), to.get(path)]])),
    );
  };
  const known = new Set(alone(a, b).map(change));
  return alone(b, a).filter((each) => !known.has(change(each)));
}

function revList(given: GitCall): Outcome {
  const { args, repo } = given;
  const { objects } = repo.world;
  const both = args.find((each) => each.includes('...'));
  if (both !== undefined) return said(lines(unlike(given, both)));
  const found = commits(given).filter(
    (each) => !args.includes('--merges') || objects.commitOf(each).parents.length > 1,
  );
  return args.includes('--count') ? said(`${found.length}\n`) : said(lines(found));
}

function lsFiles({ repo, args }: GitCall): Outcome {
  const paths = args.includes('--') ? args.slice(args.indexOf('--') + 1) : [];
  const under = (path: string) =>
    paths.length === 0 || paths.some((each) => path === each || path.startsWith(`${each}/`));
  const found = [...readIndex(repo).keys()].sort().filter(under);
  if (args.includes('--error-unmatch') && found.length === 0)
    return failed(1, `error: pathspec '${paths[0]}' did not match any file(s) known to git`);
  return said(ended(found.map((path) => (args.includes('-v') ? `H ${path}` : path))));
}

function hashObject({ repo, args, call }: GitCall): Outcome {
  const { objects, disk } = repo.world;
  const paths = args.includes('--stdin-paths') ? textOf(call.input).split('\n').filter(Boolean) : plain(args);
  return said(
    lines(
      paths.map((path) =>
        objects.blob(disk.get(path.startsWith('/') ? path : join(call.cwd, path), { follow: true }).data),
      ),
    ),
  );
}

function variable({ repo }: GitCall): Outcome {
  const [name, email] = [setting(repo, 'user.name'), setting(repo, 'user.email')];
  if (name === undefined || email === undefined)
    return failed(128, 'fatal: no email was given and auto-detection is disabled');
  return said(`${name} <${email}> ${Math.floor(repo.world.clock.now() / 1000)} +0000\n`);
}

function config({ repo, args }: GitCall): Outcome {
  const value = setting(repo, plain(args)[0] ?? '');
  return value === undefined ? failed(1) : said(`${value}\n`);
}

function lsRemote(given: GitCall): Outcome {
  const remoteSide = origin(given);
  const name = plain(given.args).at(-1) ?? '';
  const found = resolve(remoteSide, name);
  return said(found === undefined ? '' : `${found}\t${name}\n`);
}

/** Only asked for conflicts, and the simulated revert leaves none in the index. */
const diff: GitCommand = () => said();

export const LOOKS: Readonly<Record<string, GitCommand>> = {
  diff,
  'rev-parse': revParse,
  status,
  remote,
  'cat-file': catFile,
  'ls-tree': lsTree,
  'diff-tree': diffTree,
  'merge-base': mergeBase,
  log,
  'rev-list': revList,
  'ls-files': lsFiles,
  'hash-object': hashObject,
  var: variable,
  config,
  'ls-remote': lsRemote,
  // Its index has no times that a look could bring up to date.
  'update-index': () => said(''),
};
