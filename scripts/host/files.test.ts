import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFiles } from './files.ts';

const files = openFiles();
const folder = mkdtempSync(join(tmpdir(), 'files-'));
const at = (name: string) => join(folder, name);
const modeOf = (path: string) => statSync(path).mode & 0o7777;
const refusedAs = (kind: string) =>
  expect.objectContaining({ kind: 'refused', message: expect.stringContaining(kind) });
const caught = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

beforeAll(() => {
  writeFileSync(at('plain'), 'héllo');
  mkdirSync(at('folder'));
  symlinkSync('plain', at('link'));
  Bun.spawnSync(['mkfifo', at('fifo')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('reading', () => {
  test('gives the text, or undefined where there is none', () => {
    expect(files.readText(at('plain'))).toBe('héllo');
    expect(files.readText(at('none'))).toBeUndefined();
    expect(files.readText(at('none/deeper'))).toBeUndefined();
  });

  test('refuses what is no plain file instead of hanging', () => {
    expect(caught(() => files.readText(at('fifo')))).toEqual(refusedAs('a FIFO'));
    expect(caught(() => files.readText(at('folder')))).toEqual(refusedAs('a folder'));
    expect(caught(() => files.readText(at('link')))).toEqual(refusedAs('a symbolic link'));
    expect(caught(() => files.readText('/dev/zero'))).toEqual(refusedAs('a device'));
    expect(caught(() => files.append(at('fifo'), 'x'))).toEqual(refusedAs('a FIFO'));
    expect(caught(() => files.append(at('link'), 'x'))).toEqual(refusedAs('a symbolic link'));
  });

  test('follows a link where asked', () => {
    expect(files.readText(at('link'), { follow: true })).toBe('héllo');
  });

  test('refuses more than the maximum, and reads files that say size 0', () => {
    expect(files.readBytes(at('plain'), { maxBytes: 6 })).toHaveLength(6);
    expect(caught(() => files.readText(at('plain'), { maxBytes: 5 }))).toEqual(refusedAs('larger than 5 bytes'));
    expect(files.readText('/proc/self/status')).toStartWith('Name:');
  });

  test('gives a part, shorter at the end', () => {
    expect(Buffer.from(files.readRange(at('plain'), 3, 100)).toString()).toBe('llo');
    expect(files.readRange(at('plain'), 100, 5)).toHaveLength(0);
  });
});

describe('replace', () => {
  test('writes the whole file with its mode, whatever the umask, and leaves nothing beside it', () => {
    const old = process.umask(0o777);
    try {
      files.replace(at('state'), 'one');
      files.replace(at('shared'), 'two', { mode: 0o644 });
    } finally {
      process.umask(old);
    }
    expect([readFileSync(at('state'), 'utf8'), modeOf(at('state')), modeOf(at('shared'))]).toEqual([
      'one',
      0o600,
      0o644,
    ]);
    files.replace(at('state'), new Uint8Array([1, 2]));
    expect(readFileSync(at('state'))).toHaveLength(2);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('replaces a link, not what it points to', () => {
    symlinkSync('plain', at('state-link'));
    files.replace(at('state-link'), 'new');
    expect(files.stat(at('state-link'))?.kind).toBe('file');
    expect(readFileSync(at('plain'), 'utf8')).toBe('héllo');
  });

  test('removes its temporary file when it fails', () => {
    mkdirSync(at('taken/inside'), { recursive: true });
    expect(() => files.replace(at('taken'), 'x')).toThrow();
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('says where a full disk was', () => {
    expect(caught(() => files.append('/dev/full', 'x'))).toEqual(refusedAs('a device'));
    expect(() => files.replace(at('none/state'), 'x')).toThrow('ENOENT');
  });
});

describe('append', () => {
  test('adds to the end, 0600, and cuts where asked', () => {
    files.append(at('log'), 'one\n');
    files.append(at('log'), 'two\ntorn');
    expect(modeOf(at('log'))).toBe(0o600);
    files.append(at('log'), 'three\n', { truncateTo: 8 });
    expect(readFileSync(at('log'), 'utf8')).toBe('one\ntwo\nthree\n');
    files.append(at('log'), 'four\n', { truncateTo: 1_000 });
    expect(readFileSync(at('log'), 'utf8')).toBe('one\ntwo\nthree\nfour\n');
  });

  test('leaves no half line where the file may not grow', () => {
    const script = `
      import { openFiles } from ${JSON.stringify(join(import.meta.dir, 'files.ts'))};
      process.on('SIGXFSZ', () => undefined);
      const files = openFiles();
      files.append(process.argv.at(-1), 'whole\\n');
      try { files.append(process.argv.at(-1), 'x'.repeat(4000)); } catch (error) { console.log(error.kind, error.message); }`;
    writeFileSync(at('limited.ts'), script);
    const argv = [process.execPath, at('limited.ts'), at('limited.log')];
    const child = Bun.spawnSync(['bash', '-c', 'ulimit -f 1; exec "$@"', 'bash', ...argv]);
    expect(child.stdout.toString()).toStartWith(`step-failed ${at('limited.log')} could not be written: EFBIG`);
    expect(readFileSync(at('limited.log'), 'utf8')).toBe('whole\n');
  });
});

describe('folders and links', () => {
  test('makes folders 0700 and lists them sorted', () => {
    files.mkdir(at('new/deep'));
    expect([modeOf(at('new')), modeOf(at('new/deep'))]).toEqual([0o700, 0o700]);
    for (const name of ['b', 'a', 'C']) writeFileSync(at(`new/${name}`), '');
    expect(files.list(at('new'))).toEqual(['C', 'a', 'b', 'deep']);
    expect(files.list(at('none'))).toEqual([]);
    expect(() => files.list(at('plain'))).toThrow('ENOTDIR');
  });

  test('stat does not follow', () => {
    expect(files.stat(at('link'))?.kind).toBe('link');
    expect(files.stat(at('fifo'))?.kind).toBe('other');
    expect(files.stat(at('none'))).toBeUndefined();
    expect(files.stat(at('plain'))).toMatchObject({ kind: 'file', size: 6, uid: process.getuid?.() ?? -1 });
  });

  test('links, renames, copies, removes', () => {
    files.link(at('plain'), at('hard'));
    files.copy(at('plain'), at('copied'));
    files.rename(at('copied'), at('renamed'));
    files.symlink('renamed', at('soft'));
    expect(files.readlink(at('soft'))).toBe('renamed');
    expect(files.realpath(at('soft'))).toBe(files.realpath(at('renamed')));
    files.chmod(at('renamed'), 0o400);
    expect(modeOf(at('renamed'))).toBe(0o400);
    files.sync(at('renamed'));
    files.sync(folder);
    files.remove(at('soft'));
    expect(existsSync(at('renamed'))).toBe(true);
    files.remove(at('new'));
    files.remove(at('new'));
    expect(existsSync(at('new'))).toBe(false);
    const temp = files.tempFolder(folder, 'work-');
    expect([temp.startsWith(at('work-')), modeOf(temp)]).toEqual([true, 0o700]);
  });
});

test('free bytes are those of the nearest folder that is there', () => {
  expect(files.freeBytes(at('none/deeper/still'))).toBeGreaterThan(0);
  expect(files.freeBytes('/proc')).toBe(0);
});

test('sha256 is that of the whole content', async () => {
  const content = Buffer.alloc(2_500_000, 'abc');
  writeFileSync(at('large'), content);
  chmodSync(at('large'), 0o600);
  expect(await files.sha256(at('large'))).toBe(new Bun.CryptoHasher('sha256').update(content).digest('hex'));
  expect(files.sha256(at('fifo'))).rejects.toThrow('no plain file');
});
