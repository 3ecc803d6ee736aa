import { expect, test } from 'bun:test';
import { dirname, join } from 'node:path';
import { hostPaths } from '../host/paths.ts';
import { openWorld, type World, withWorld } from './fixture.ts';
import { secureWorkspace } from './workspace.ts';

const modes = ({ host }: World, paths: string[]) => paths.map((path) => host.files.stat(path)?.mode.toString(8));

test('the folders are made for their owner only, with their .gitignore, whatever the umask', () => {
  const world = openWorld();
  const before = process.umask(0);
  try {
    const { host, paths } = world;
    secureWorkspace(host, paths);
    const { workspace, releases, backups, stage, engines, cache } = paths;
    expect(modes(world, [workspace, releases, backups, stage, engines, cache])).toEqual(Array(6).fill('700'));
    expect(modes(world, [dirname(workspace), join(workspace, '.gitignore')])).toEqual(['755', '600']);
    expect(host.files.readText(join(workspace, '.gitignore'))).toBe('*\n');
  } finally {
    process.umask(before);
    world.dispose();
  }
});

test('what others may read or write is taken back, and nothing that is right is touched', () =>
  withWorld((world) => {
    const { host, paths } = world;
    const records = ['1.env', '1.log', '1.receipt.json'].map((name) => join(paths.releases, name));
    for (const path of records) host.files.replace(path, 'x', { mode: 0o644 });
    const folder = join(paths.releases, '1');
    host.files.mkdir(folder);
    const open = [paths.workspace, paths.releases, folder, dirname(paths.workspace)];
    for (const path of open) host.files.chmod(path, 0o777);
    host.files.replace(paths.lock, '', { mode: 0o666 });
    host.files.replace(paths.hostKey, 'key', { mode: 0o444 });
    host.files.replace(join(paths.workspace, '.gitignore'), 'cache\n');
    secureWorkspace(host, paths);
    expect(modes(world, records)).toEqual(['600', '600', '600']);
    expect(modes(world, open)).toEqual(['700', '700', '700', '755']);
    expect(modes(world, [paths.lock, paths.hostKey])).toEqual(['600', '400']);
    expect(host.files.readText(join(paths.workspace, '.gitignore'))).toBe('*\n');
    const calls: string[] = [];
    const { chmod, replace } = host.files;
    const watched = {
      ...host.files,
      chmod: (path: string, mode: number) => {
        calls.push(path);
        chmod(path, mode);
      },
      replace: (path: string, content: string | Uint8Array) => {
        calls.push(path);
        replace(path, content);
      },
    };
    secureWorkspace({ ...host, files: watched }, paths);
    expect(calls).toEqual([]);
  }));

test('links, FIFOs, files and strangers in the place of our folders and files are refused by name', () =>
  withWorld(({ host, paths }) => {
    const { files } = host;
    const put: Array<[string, (path: string) => unknown, string]> = [
      [paths.releases, (path) => files.symlink('/tmp', path), 'a symbolic link'],
      [paths.stage, (path) => files.replace(path, ''), 'a file'],
      [paths.lock, (path) => Bun.spawnSync(['mkfifo', path]), 'a FIFO'],
      [join(paths.workspace, '.gitignore'), (path) => files.symlink('/etc/passwd', path), 'a symbolic link'],
      [join(paths.releases, '1.log'), (path) => files.symlink('/etc/passwd', path), 'a symbolic link'],
      [join(paths.releases, '1.env'), (path) => Bun.spawnSync(['mkfifo', path]), 'a FIFO'],
    ];
    for (const [path, make, what] of put) {
      files.remove(path);
      make(path);
      expect(() => secureWorkspace(host, paths)).toThrow(what);
      expect(() => secureWorkspace(host, paths)).toThrow(path);
      files.remove(path);
    }
    secureWorkspace(host, paths);
    const stranger = { ...host, machine: { ...host.machine, uid: host.machine.uid + 1 } };
    expect(() => secureWorkspace(stranger, paths)).toThrow(/belongs to user \d+, and this engine runs as user/);
  }));

test('a repository that everybody may write to is refused before anything is made', () => {
  const { host, paths, dispose } = openWorld();
  try {
    host.files.chmod(paths.root, 0o777);
    expect(() => secureWorkspace(host, paths)).toThrow(paths.root);
    expect(host.files.list(paths.root)).toEqual([]);
    host.files.chmod(paths.root, 0o775);
    secureWorkspace(host, paths);
  } finally {
    dispose();
  }
});

test('a backup folder elsewhere keeps the mode that its owner gave it, unless everybody may write there', () =>
  withWorld((world) => {
    const { host, paths } = world;
    const backups = join(paths.root, 'elsewhere');
    const there = hostPaths(paths.root, paths.engine, backups);
    secureWorkspace(host, there);
    expect(modes(world, [backups])).toEqual(['700']);
    host.files.chmod(backups, 0o750);
    secureWorkspace(host, there);
    expect(modes(world, [backups])).toEqual(['750']);
    const link = join(paths.root, 'link');
    host.files.symlink(backups, link);
    secureWorkspace(host, hostPaths(paths.root, paths.engine, link));
    host.files.chmod(backups, 0o777);
    expect(() => secureWorkspace(host, there)).toThrow('Everybody on this host may write');
    expect(() => secureWorkspace(host, hostPaths(paths.root, paths.engine, link))).toThrow(backups);
  }));
