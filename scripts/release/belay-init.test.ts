// just belay-init in repositories of all kinds: what it makes, what it leaves alone, what it refuses.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseReleaseConfig } from '../manifest/release-config.ts';

const CHECKOUT = realpathSync(join(import.meta.dir, '..', '..'));
const JUST = join(CHECKOUT, 'node_modules', 'rust-just-linux-x64', 'bin', 'just');
const SOMEBODY = 65_534;
let folder: string;
let root: string;

const run = (argv: readonly string[], cwd = root, home = folder) => {
  const env = { PATH: '/usr/bin:/bin', HOME: home, GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' };
  const ran = Bun.spawnSync([...argv], { cwd, env, stdin: 'ignore' });
  const [out, err] = [ran.stdout.toString(), ran.stderr.toString()];
  return { code: ran.exitCode, out, text: out + err };
};
const git = (...args: string[]) => run(['git', ...args]).out.trim();
const init = (...args: string[]) => run([join(CHECKOUT, 'bootstrap'), 'belay-init', ...args]);
const just = (...args: string[]) => run([JUST, ...args]);
const put = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const read = (path: string) => readFileSync(join(root, path), 'utf8');
/** Everything that is in the repository, but for git's own. */
const everything = () =>
  run(['sh', '-c', 'find . -path ./.git -prune -o -type f -exec sha256sum {} + | sort; find . -type d -path "./[!.]*"'])
    .out;
const refuses = (...says: string[]) => {
  const before = everything();
  const { code, text } = init();
  for (const each of says) expect(text).toContain(each);
  expect([code, everything()]).toEqual([4, before]);
};

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-init-')));
  root = join(folder, 'host');
  mkdirSync(root);
  git('init', '--quiet', '--initial-branch=main');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('an empty repository: a dry run writes nothing, then all of it is made, and again nothing is', () => {
  const dry = init('--dry-run');
  expect([dry.code, dry.text.match(/^missing /gm)?.length, everything()]).toEqual([0, 5, '']);
  const made = init();
  expect(made.text).toContain(
    "git add .gitignore .asd/release.yaml releases/.gitkeep justfile && git commit -m 'Belay'",
  );
  expect([made.code, read('.gitignore')]).toEqual([0, '.asd/workspace/\n.env\n']);
  expect(read('justfile')).toContain(`import '${CHECKOUT}/justfile'\n`);
  expect(git('add', '.gitignore', '.asd/release.yaml', 'releases/.gitkeep', 'justfile')).toBe('');
  // Comments only: what is not set has its default.
  expect(parseReleaseConfig(read('.asd/release.yaml'))).toEqual(parseReleaseConfig(undefined));
  expect(read('.asd/release.yaml').match(/^[^#\n].*$/gm)).toBeNull();
  for (const file of ['justfile', '.gitignore', '.asd/release.yaml', 'releases/.gitkeep'])
    expect([file, statSync(join(root, file)).mode & 0o777]).toEqual([file, 0o644]);
  const before = everything();
  // By the recipe that is known now, from a folder below.
  const again = run([JUST, 'belay-init'], join(root, 'releases'));
  expect([again.code, again.text.match(/^there /gm)?.length, everything()]).toEqual([0, 5, before]);
  expect(again.text).toContain('Nothing is missing.');
  expect(just('release-list').text).toContain('No releases yet');
});

test('what is there stays byte for byte: only what is missing is added at the end', () => {
  put('justfile', "set shell := ['bash', '-euc']\n\nbuild:\n    echo built");
  chmodSync(join(root, 'justfile'), 0o664);
  put('.gitignore', '*.log\n.env*');
  put('.asd/release.yaml', 'concurrency: 2\n');
  put('releases/OLD-1-data.sh', 'true\n');
  const made = init();
  expect(made.code).toBe(0);
  expect(read('justfile')).toBe(
    `set shell := ['bash', '-euc']\n\nbuild:\n    echo built\n\nimport '${CHECKOUT}/justfile'\n`,
  );
  expect(statSync(join(root, 'justfile')).mode & 0o777).toBe(0o664);
  expect(read('.gitignore')).toBe('*.log\n.env*\n.asd/workspace/\n');
  expect([read('.asd/release.yaml'), existsSync(join(root, 'releases/.gitkeep'))]).toEqual(['concurrency: 2\n', false]);
  expect(made.out).toMatch(/^there +\.gitignore: \.env$/m);
  expect(made.out).toMatch(/^added +\.gitignore: \.asd\/workspace\/$/m);
  expect(just('build').out).toBe('built\n');
  expect(just('--summary').out).toContain('release-run');
});

test('an entry that was taken back, or that only this clone has, is none', () => {
  put('.gitignore', '.env\n!.env\n');
  put('.git/info/exclude', '.asd/workspace/\n');
  expect(init().code).toBe(0);
  expect(read('.gitignore')).toBe('.env\n!.env\n.asd/workspace/\n.env\n');
  expect(run(['git', 'check-ignore', '--quiet', '.env']).code).toBe(0);
});

test('a .env that is in git is named: an entry does nothing for it', () => {
  put('.env', 'PASSWORD=correct-horse\n');
  git('add', '.env');
  const { code, text } = init();
  expect([code, text.includes('Notice: .env is in git'), text.includes('correct-horse')]).toEqual([0, true, false]);
});

test.each(['import', 'import?'])('an equal %s is one, also by another path or in a file that is imported', (word) => {
  symlinkSync(CHECKOUT, join(folder, 'belay'));
  put('infra/more.just', `${word} "../../belay/justfile"\n`);
  put('Justfile', "import 'infra/more.just'\n");
  const { code, text } = init();
  expect([code, existsSync(join(root, 'justfile')), read('Justfile')]).toEqual([
    0,
    false,
    "import 'infra/more.just'\n",
  ]);
  expect(text).toMatch(/^there +Justfile: the import of Belay's recipes$/m);
});

test('another branch than main is what it releases', () => {
  git('checkout', '--quiet', '-b', 'trunk');
  expect(init().code).toBe(0);
  expect(parseReleaseConfig(read('.asd/release.yaml')).config.branch).toBe('trunk');
});

test('as JSON: every item, and whether it was made', () => {
  const told = JSON.parse(init('--json', '--dry-run').out);
  expect(told).toMatchObject({ root, dryRun: true, notices: [], next: ['Nothing was written.'] });
  expect(told.items.map((each: { path: string }) => each.path)).toEqual([
    '.gitignore',
    '.gitignore',
    '.asd/release.yaml',
    'releases/.gitkeep',
    'justfile',
  ]);
});

test('a recipe, alias or module of one of our names is refused by name, and a recipe can stay by one setting', () => {
  const own = 'doctor:\n    @echo mine\n';
  put('justfile', `alias release-log := doctor\n${own}`);
  refuses("names that Belay's recipes have, too: release-log, doctor", '(an alias or module)');
  put('justfile', own);
  refuses("names that Belay's recipes have, too: doctor", 'set allow-duplicate-recipes');
  put('justfile', `set allow-duplicate-recipes\n${own}`);
  const { code, text } = init();
  expect([code, just('doctor').out]).toEqual([0, 'mine\n']);
  const line = /Belay's is: (just .*) doctor$/m.exec(text)?.[1] ?? '';
  expect(run(['sh', '-c', `PATH=${dirname(JUST)}:$PATH; ${line} release-list`]).text).toContain('No releases yet');
});

test('a justfile that just cannot read, two of them, another engine', () => {
  put('justfile', 'build\n    echo\n');
  refuses('just cannot read', 'error: ');
  put('justfile', '');
  put('.justfile', '');
  refuses('There are .justfile and justfile, and just takes neither');
  rmSync(join(root, '.justfile'));
  const other = join(folder, 'other', 'belay');
  mkdirSync(other, { recursive: true });
  writeFileSync(join(other, 'justfile'), readFileSync(join(CHECKOUT, 'justfile')));
  put('justfile', `import '${other}/justfile'\n`);
  refuses(`the recipes of another Belay already, from ${other}/justfile`, `import '${CHECKOUT}/justfile'`);
});

test.each([
  ['justfile', () => symlinkSync('/etc/hostname', join(root, 'justfile')), 'justfile is a link to /etc/hostname'],
  ['.gitignore', () => mkdirSync(join(root, '.gitignore')), '.gitignore is no plain file'],
  ['.asd', () => symlinkSync(folder, join(root, '.asd')), '.asd is a link to'],
  ['settings', () => mkdirSync(join(root, '.asd/release.yaml'), { recursive: true }), 'release.yaml is no plain file'],
  ['releases', () => put('releases', 'a file\n'), 'releases is no plain folder'],
])('something else in the place of %s', (_, spoil, says) => {
  spoil();
  refuses(says);
});

test('a folder that may not be written to, one of another user, one that is no checkout, words that are none', () => {
  const as = (user: number, cwd: string) => {
    const argv = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', join(CHECKOUT, 'scripts/launch')];
    return run([...argv, 'release/belay-init'], cwd);
  };
  if (process.getuid?.() === 0) {
    chmodSync(folder, 0o755);
    const dubious = as(SOMEBODY, root);
    expect(dubious.text).toContain('belongs to another user');
    expect(dubious.text).toContain(`git config --global --add safe.directory '${root}'`);
    expect([dubious.code, everything()]).toEqual([4, '']);
    for (const path of ['', ...run(['find', '.git']).out.trim().split('\n')])
      chownSync(join(root, path), SOMEBODY, SOMEBODY);
    chmodSync(root, 0o555);
    const closed = as(SOMEBODY, root);
    expect(closed.text).toContain('.gitignore cannot be written: EACCES');
    expect([closed.code, existsSync(join(root, '.gitignore'))]).toEqual([4, false]);
    chmodSync(root, 0o755);
    expect(as(SOMEBODY, root).code).toBe(0);
  }
  const nowhere = run([join(CHECKOUT, 'bootstrap'), 'belay-init'], folder);
  expect([nowhere.code, nowhere.text.includes('This folder is in no git checkout')]).toEqual([4, true]);
  expect(init('--dry').code).toBe(2);
  expect(init('somewhere').code).toBe(2);
});
