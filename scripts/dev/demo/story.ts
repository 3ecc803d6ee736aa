// The order of things: a host, its baseline, a release that works, one that halts, and the proof that it left nothing behind.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';
import type { ProofSpec } from '../proof/proof.ts';
import { write } from './edit.ts';
import type { Folder } from './folder.ts';
import type { Clones, Demo } from './kind.ts';
import { check, output, say, step, typed } from './show.ts';

const RELEASED = /^RELEASE_STATUS="?released"?$/m;

/** @returns the demo's exit code. @throws Error where something is not as it should be. */
export async function tell(folder: Folder, demo: Demo): Promise<number> {
  const began = performance.now();
  say(`Belay demo (${demo.title}), in ${folder.path}`);
  const clones = await repositories(folder, demo);
  await baseline(folder, demo, clones);
  await goodRelease(folder, demo, clones);
  step('Before the next one, a script that uses nothing of Belay writes down what the host is.');
  await prove(folder, demo, clones, '--save');
  await badRelease(folder, demo, clones);
  await wayBack(folder, clones);
  step('The proof: the same script looks again.');
  await prove(folder, demo, clones, '--against');
  say('', `That was all, in ${((performance.now() - began) / 1000).toFixed(0)} s.`);
  return 0;
}

const git = (folder: Folder, cwd: string) =>
  $({ cwd, env: folder.env, quiet: true, stdio: ['ignore', 'pipe', 'pipe'] });
const state = (clones: Clones, ticket: string) => {
  const file = join(clones.prod, '.asd', 'workspace', 'releases', `${ticket}.env`);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};
const head = async (folder: Folder, cwd: string) => (await git(folder, cwd)`git rev-parse HEAD`).stdout.trim();

async function repositories(folder: Folder, demo: Demo): Promise<Clones> {
  const clones = { dev: join(folder.path, 'dev'), prod: join(folder.path, 'prod') };
  const origin = join(folder.path, 'origin.git');
  mkdirSync(clones.dev);
  await demo.template(clones.dev);
  const settingsFile = join('.asd', 'release.yaml');
  if (existsSync(join(folder.engine, settingsFile)))
    write(join(clones.dev, settingsFile), readFileSync(join(folder.engine, settingsFile), 'utf8'));
  write(join(clones.dev, 'justfile'), `import '${folder.engine}/justfile'\n`);
  write(join(clones.dev, '.gitignore'), '.asd/workspace/\n.env\nnode_modules/\n');
  const dev = git(folder, clones.dev);
  await git(folder, folder.path)`git init --quiet --bare --initial-branch=main ${origin}`;
  await dev`git init --quiet --initial-branch=main`;
  await dev`git remote add origin ${origin}`;
  await commit(folder, clones, 'Three services');

  step('A repository with a folder for each service, and a host, "prod", that has cloned it.');
  await folder.run(['git', 'clone', '--quiet', origin, clones.prod], {
    cwd: folder.path,
    shown: 'git clone origin.git prod',
  });
  typed('ls prod/packages/*/');
  for (const name of demo.services) output(`${name}: ${readdirSync(join(clones.prod, 'packages', name)).join('  ')}`);
  const prod = git(folder, clones.prod);
  await prod`git config user.name Operator`;
  await prod`git config user.email operator@example.org`;
  const settings = await demo.settings();
  write(join(clones.prod, '.env'), settings);
  typed('cat prod/.env');
  for (const line of settings.trimEnd().split('\n')) output(line);
  return clones;
}

async function commit(folder: Folder, clones: Clones, message: string): Promise<void> {
  const dev = git(folder, clones.dev);
  await dev`git add --all`;
  await dev`git -c user.name=Developer -c user.email=developer@example.org commit --quiet -m ${message}`;
  await dev`git push --quiet origin main`;
}

async function baseline(folder: Folder, demo: Demo, clones: Clones): Promise<void> {
  step('Its services were started by hand, long ago.');
  await demo.start(clones);
  step('Belay takes what runs as its baseline. It changes nothing.');
  const adopted = await folder.run(['just', 'release-adopt'], { cwd: clones.prod });
  check('release-adopt exits 0', adopted.code === 0, adopted.code);
}

async function goodRelease(folder: Folder, demo: Demo, clones: Clones): Promise<void> {
  const before = await head(folder, clones.prod);
  const served = await demo.look();
  check(
    'all three services are at the first version',
    Object.values(served.versions).every((each) => each === demo.version(before, 1)),
    served.versions,
  );
  check(`the page says "${demo.marks.page[0]}"`, served.page.includes(demo.marks.page[0]), served.page);
  check(
    'the data is as it was',
    served.notes.includes(demo.marks.notes[0]) && !served.notes.includes(demo.marks.notes[1]),
    served.notes,
  );

  step('A developer changes two services, and adds a script that migrates the data.');
  const message = demo.goodChange(clones.dev);
  await commit(folder, clones, message);
  typed(`git commit -am '${message}' && git push`);
  for (const line of (await git(folder, clones.dev)`git show --stat --format= HEAD`).stdout.trimEnd().split('\n'))
    output(line.trim());

  step('What would a release do? The plan is made of facts; nothing is touched.');
  const dry = await folder.run(['just', 'release-run', 'DEMO-1', '--dry-run'], { cwd: clones.prod });
  check('release-run --dry-run exits 0', dry.code === 0, dry.code);

  step('The release: prepare (checks, backups), migrate (new versions), ticket (the script), verify.');
  const released = await folder.run(['just', 'release-run', 'DEMO-1'], { cwd: clones.prod });
  check('release-run exits 0', released.code === 0, released.code);
  const after = await head(folder, clones.dev);
  const now = await demo.look();
  check('prod is at the new commit', (await head(folder, clones.prod)) === after);
  for (const name of demo.services) {
    const changed = name !== 'api';
    const wanted = changed ? demo.version(after, 2) : demo.version(before, 1);
    check(
      `${name} ${changed ? 'runs the new version' : 'was left alone'}`,
      now.versions[name] === wanted,
      now.versions[name],
    );
  }
  check(`the page says "${demo.marks.page[1]}"`, now.page.includes(demo.marks.page[1]), now.page);
  check(
    'the data is migrated, and none of it is lost',
    demo.marks.notes.every((mark) => now.notes.includes(mark)),
    now.notes,
  );
  check('notes has a backup from before', readdirSync(join(clones.prod, '.asd/workspace/backups/notes')).length > 0);

  step('Where it stands, and everything that happened, step by step.');
  const stands = await folder.run(['just', 'release-state', 'DEMO-1'], { cwd: clones.prod });
  const log = await folder.run(['just', 'release-log', 'DEMO-1'], { cwd: clones.prod, most: 12 });
  check(
    'DEMO-1 is released',
    stands.code === 0 && log.code === 0 && RELEASED.test(state(clones, 'DEMO-1')),
    state(clones, 'DEMO-1'),
  );
}

async function badRelease(folder: Folder, demo: Demo, clones: Clones): Promise<void> {
  step('The next release is broken on purpose: its script changes data that the service still needs as it was.');
  const message = demo.badChange(clones.dev);
  await commit(folder, clones, message);
  typed(`git commit -am '${message}' && git push`);
  const broken = await folder.run(['just', 'release-run', 'DEMO-2'], { cwd: clones.prod });
  check('release-run exits 1: halted', broken.code === 1, broken.code);
  const record = state(clones, 'DEMO-2');
  check(
    'it halted in verify',
    /^PHASE="?verify"?$/m.test(record) && /^RELEASE_STATUS="?halted"?$/m.test(record),
    record,
  );
  check(
    'it said what to type next',
    broken.lines.some((line) => line.includes('just release-')),
    broken.lines,
  );

  step('Nothing is hidden: what is wrong, and the way on and the way back.');
  const stands = await folder.run(['just', 'release-state', 'DEMO-2'], { cwd: clones.prod });
  check(
    'release-state says so, too',
    stands.lines.some((line) => line.includes('halted')),
    stands.lines,
  );
}

async function wayBack(folder: Folder, clones: Clones): Promise<void> {
  step('The way back: data, code and version, together.');
  const reverted = await folder.run(['just', 'release-revert', 'DEMO-2'], { cwd: clones.prod });
  check('release-revert exits 0: restored and verified', reverted.code === 0, reverted.code);
  const origin = (await git(folder, clones.prod)`git ls-remote origin refs/heads/main`).stdout.split('\t')[0];
  check('origin has the revert commit, and prod stands on it', origin === (await head(folder, clones.prod)), origin);
}

async function prove(folder: Folder, demo: Demo, clones: Clones, how: '--save' | '--against'): Promise<void> {
  const spec: ProofSpec = { root: clones.prod, env: folder.env, folders: [], serverVolumes: [], ...demo.proof(clones) };
  write(join(folder.path, 'host.json'), JSON.stringify(spec));
  const program = join(folder.engine, 'scripts/dev/proof.ts');
  const argv = [process.execPath, '--no-env-file', '--no-install', program, 'host.json', how, 'before.json'];
  const shown = `bun scripts/dev/proof.ts host.json ${how} before.json`;
  const proven = await folder.run(argv, { cwd: folder.path, shown });
  const claim = how === '--save' ? 'it is written down' : 'the host is what it was before the broken release';
  check(claim, proven.code === 0, proven.code);
}
