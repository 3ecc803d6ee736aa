// The second home: a real restic with a repository on this disk, and a stand-in for one that misbehaves.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { lacks } from './lacks.ts';
import { fingerprint, makeOddTree, runLines } from './odd-tree.ts';
import { kindOf } from './registry.ts';
import { awayOf, checkSecondHome, type SecondHome, sendAway } from './restic.ts';
import { takeBackup } from './take.ts';
import { makeWorld, recordingRuntime, type World } from './world.ts';

const without = lacks('rsync') || lacks('restic');
const STAMP = '20260518_153059';
const PASSWORD = 'correct horse battery';
let world: World;
let home: SecondHome;
let tree: string;

beforeEach(() => {
  world = makeWorld({ backup: { types: ['workspace'], paths: ['data'], method: 'incremental' } });
  tree = world.packagePath('data');
  makeOddTree(tree);
  home = {
    repository: join(world.root, 'away'),
    passwordFile: join(world.root, 'restic.password'),
    timeoutMs: 60_000,
    cache: join(world.root, 'cache'),
  };
  writeFileSync(home.passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
});
afterEach(() => world.end());

const env = () => ({
  RESTIC_REPOSITORY: home.repository,
  RESTIC_PASSWORD_FILE: home.passwordFile,
  RESTIC_CACHE_DIR: home.cache,
});
const init = () => runLines(['restic init --quiet'], world.root, env());
const take = () =>
  takeBackup(world.context, recordingRuntime().runtime, {
    stamp: STAMP,
    dir: world.context.paths.backups,
    ticket: 'T-1',
    secondHome: home,
    pauseMaxMs: 60_000,
    onPause: () => undefined,
  });
const send = async (host = world.context.host, more: { signal?: AbortSignal; mark?: string } = {}) => {
  const folder = join(world.context.paths.backups, 'shop', STAMP);
  return await sendAway(host, home, { service: 'shop', stamp: STAMP, ticket: 'T-1', folder }, more);
};

/** A `restic` of our own, before the real one. */
function standIn(script: string) {
  const bin = join(world.root, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'restic'), `#!/bin/bash\n${script}\n`);
  chmodSync(join(bin, 'restic'), 0o755);
  const { machine } = world.context.host;
  const PATH = `${bin}:${machine.env.PATH}`;
  const dirty = { RESTIC_PASSWORD: 'wrong', RESTIC_REPOSITORY: '/wrong', AWS_SECRET_ACCESS_KEY: 'x' };
  return { ...world.context.host, machine: { ...machine, env: { ...machine.env, ...dirty, PATH } } };
}

test.skipIf(without)(
  'a host that lost its disk: the backup comes back by the commands that it names, and restores the data',
  async () => {
    init();
    const backup = await take();
    const was = fingerprint(tree);
    expect(awayOf(world.context.host, backup.dir)).toBeUndefined();
    const sent = await send();
    expect(awayOf(world.context.host, backup.dir)).toEqual(sent);
    expect(sent).toMatchObject({ repository: home.repository, snapshot: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const lines = readFileSync(join(backup.dir, 'RESTORE.txt'), 'utf8')
      .split('\n')
      .filter((line) => /^# {3}(?:export|restic)/.test(line))
      .map((line) => line.replace(/^# */, '').replace(/ {3}\(.*$/, ''));
    expect(lines.length).toBe(2);

    const dir = world.context.paths.backups;
    rmSync(dir, { recursive: true });
    rmSync(tree, { recursive: true });
    runLines(
      lines.map((line) => line.replace('FOLDER', dir)),
      world.root,
      { RESTIC_CACHE_DIR: home.cache },
    );
    expect(readdirSync(join(dir, 'shop'))).toEqual([STAMP]);
    for (const { item, files } of backup.items)
      await kindOf(item, item.name).check(world.context, item, join(dir, 'shop', STAMP), files);
    runLines(['bash RESTORE.txt'], join(dir, 'shop', STAMP));
    // This restic fills holes when it restores.
    const whole = (text: string) => text.replace(/\|(?:true|false)"$/m, '"');
    expect(whole(fingerprint(tree))).toBe(whole(was));
  },
  60_000,
);

test.skipIf(without)(
  'refused before anything is sent: no program, no password file, one that others can read, no repository',
  async () => {
    const check = () => checkSecondHome(world.context.host, home);
    expect(check).toThrow('there is no restic repository in');
    init();
    check();
    chmodSync(home.passwordFile, 0o640);
    expect(check).toThrow('others may read or own the password file of restic: mode 0640');
    const real = home.passwordFile;
    home.passwordFile = join(world.root, 'link');
    symlinkSync(real, home.passwordFile);
    expect(check).toThrow('mode 0640');
    rmSync(real);
    expect(check).toThrow('is not there');
    const bare = { ...world.context.host.exec, which: () => undefined };
    expect(() => checkSecondHome({ ...world.context.host, exec: bare }, home)).toThrow('restic is not installed');
  },
);

test.skipIf(without)(
  'a wrong password, a lock of somebody else: in restic’s words, with the way out; the backup stays complete',
  async () => {
    init();
    const { dir } = await take();
    writeFileSync(home.passwordFile, 'wrong\n');
    await expect(send()).rejects.toMatchObject({
      kind: 'step-failed',
      facts: { what: expect.stringContaining('wrong password'), hint: expect.stringContaining('--away') },
    });
    expect([existsSync(join(dir, 'backup.json')), awayOf(world.context.host, dir)]).toEqual([true, undefined]);
    const host = standIn(
      "echo 'Fatal: unable to create lock in backend: repository is already locked by PID 1' >&2; exit 1",
    );
    await expect(send(host)).rejects.toMatchObject({ facts: { hint: expect.stringContaining('restic unlock') } });
  },
);

test.skipIf(without)(
  'it is given its settings and nothing else: no argument and no environment carries a secret',
  async () => {
    init();
    await take();
    const seen = join(world.root, 'seen');
    const host = standIn(`printf '%s\\n' "$@" > ${seen}; env >> ${seen}; cat >> ${seen}; exit 1`);
    await expect(send(host)).rejects.toThrow('it exited with 1');
    const text = readFileSync(seen, 'utf8');
    expect(text).toContain(`RESTIC_PASSWORD_FILE=${home.passwordFile}`);
    expect(text.split('\nPATH=')[0]).not.toContain(home.repository.concat('\n--'));
    for (const secret of [PASSWORD, 'RESTIC_PASSWORD=', '/wrong', 'AWS_']) expect(text).not.toContain(secret);
  },
);

test.skipIf(without)(
  'one that hangs and ignores TERM is ended with its children, by its time-out and by a stop',
  async () => {
    init();
    await take();
    const pids = join(world.root, 'pids');
    const host = standIn(`trap '' TERM; sleep 300 & echo $$ $! >> ${pids}; wait; sleep 300`);
    const gone = () => {
      const all = readFileSync(pids, 'utf8').trim().split(/\s+/).map(Number);
      expect(all.filter((pid) => host.machine.alive(pid))).toEqual([]);
    };
    home.timeoutMs = 300;
    const quick = { ...host, exec: { ...host.exec, run: short(host) } };
    await expect(send(quick)).rejects.toThrow('took longer than');
    gone();
    home.timeoutMs = 60_000;
    await expect(send(quick, { signal: AbortSignal.timeout(300) })).rejects.toThrow('restic could not copy');
    gone();
  },
);

/** The grace that a killed one gets is not what is tested. */
const short =
  ({ exec }: World['context']['host']): typeof exec.run =>
  (argv, options) =>
    exec.run(argv, { ...options, graceMs: 100 });

test.skipIf(without)('a copy that is not in the repository afterwards is none', async () => {
  init();
  const { dir } = await take();
  const host = standIn(
    `case "$1" in backup) echo '{"message_type":"summary","snapshot_id":"0123abcd"}';; *) echo '[]';; esac`,
  );
  await expect(send(host)).rejects.toThrow('its snapshot is not in the repository');
  expect(awayOf(world.context.host, dir)).toBeUndefined();
});
