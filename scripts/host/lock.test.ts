import { afterEach, beforeEach, expect, test } from 'bun:test';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { startChild } from './children.ts';
import { O_CLOEXEC, tryFlock } from './libc.ts';
import { takeLock } from './lock.ts';
import type { FileLock } from './port.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  path = join(folder, 'release.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

function taken(lock: FileLock | undefined): FileLock {
  if (lock === undefined) throw new Error('the lock was not to be had');
  return lock;
}

test('only one holds it, also against flock(1)', () => {
  const lock = taken(takeLock(path));
  expect(takeLock(path)).toBeUndefined();
  expect(Bun.spawnSync(['flock', '-n', path, 'true']).exitCode).toBe(1);
  lock.release();
  lock.release();
  expect(Bun.spawnSync(['flock', '-n', path, 'true']).exitCode).toBe(0);
  taken(takeLock(path)).release();
});

test('is 0600, and tells its holder until it is released', () => {
  writeFileSync(path, 'somebody long gone, with a long line', { mode: 0o666 });
  const lock = taken(takeLock(path));
  lock.write('pid=12345678\n');
  lock.write('pid=1\n');
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['pid=1\n', 0o600]);
  lock.release();
  expect(readFileSync(path, 'utf8')).toBe('');
});

test('is lost where the path names another file', () => {
  const lock = taken(takeLock(path));
  expect(lock.stillHeld()).toBe(true);
  renameSync(path, `${path}.old`);
  expect(lock.stillHeld()).toBe(false);
  const second = taken(takeLock(path));
  expect([lock.stillHeld(), second.stillHeld()]).toEqual([false, true]);
  lock.release();
  second.release();
  expect(second.stillHeld()).toBe(false);
});

test('a file that was replaced between open and lock is let go', async () => {
  const fd = openSync(path, 'w');
  expect(tryFlock(fd)).toBe(true);
  // As soon as the file is open a second time, it loses its name, and then its lock.
  const other = new Worker(
    `const { closeSync, readdirSync, readlinkSync, renameSync, writeFileSync } = require('node:fs');
     const { parentPort, workerData: { fd, path } } = require('node:worker_threads');
     const opened = (name) => { try { return readlinkSync('/proc/self/fd/' + name) === path; } catch { return false; } };
     writeFileSync(path + '.new', '');
     parentPort.postMessage('ready');
     while (readdirSync('/proc/self/fd').filter(opened).length < 2);
     renameSync(path + '.new', path);
     closeSync(fd);`,
    { eval: true, workerData: { fd, path } },
  );
  const ended = once(other, 'exit');
  await once(other, 'message');
  let lock: FileLock | undefined;
  for (let tries = 0; lock === undefined && tries < 100; tries += 1) lock = takeLock(path);
  expect(taken(lock).stillHeld()).toBe(true);
  lock?.release();
  await ended;
});

test('refuses a link and a FIFO in its place', () => {
  symlinkSync(join(folder, 'nowhere'), path);
  expect(() => takeLock(path)).toThrow('a symbolic link');
  rmSync(path);
  Bun.spawnSync(['mkfifo', path]);
  expect(() => takeLock(path)).toThrow('a FIFO');
});

test('its descriptor is close-on-exec', () => {
  const lock = taken(takeLock(path));
  const fd = readdirSync('/proc/self/fd').find(
    (name) => existsSync(`/proc/self/fd/${name}`) && readlinkSync(`/proc/self/fd/${name}`) === path,
  );
  const flags = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/flags:\s+(\d+)/)?.[1];
  expect(Number.parseInt(flags ?? '', 8) & O_CLOEXEC).toBe(O_CLOEXEC);
  lock.release();
});

test('a child that was started meanwhile neither sees nor keeps it', async () => {
  const lock = taken(takeLock(path));
  const child = startChild(
    ['sleep', '60'],
    { env: { PATH: '/usr/bin:/bin' } },
    { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
  );
  const open = Bun.spawnSync(['ls', '-l', `/proc/${child.pid}/fd`]).stdout.toString();
  expect(open).toContain('/dev/null');
  expect(open).not.toContain('release.lock');
  lock.release();
  taken(takeLock(path)).release();
  process.kill(child.pid, 'SIGKILL');
  await child.exited;
});

test('goes with a holder that is killed, though its detached child lives', async () => {
  const script = join(folder, 'holder.ts');
  writeFileSync(
    script,
    `import { O_CLOEXEC } from './libc.ts';
import { takeLock } from ${JSON.stringify(join(import.meta.dir, 'lock.ts'))};
     const lock = takeLock(process.argv.at(-1));
     const child = Bun.spawn(['sleep', '60'], { detached: true, stdio: ['ignore', 'ignore', 'ignore'] });
     console.log(lock === undefined ? 'none' : child.pid);
     setInterval(() => lock, 1000);`,
  );
  const holder = Bun.spawn([process.execPath, script, path], { stdout: 'pipe' });
  const { value } = await holder.stdout.getReader().read();
  const grandchild = Number(Buffer.from(value ?? []).toString());
  expect(takeLock(path)).toBeUndefined();
  holder.kill('SIGKILL');
  await holder.exited;
  const lock = takeLock(path);
  expect(process.kill(grandchild, 'SIGKILL')).toBe(true);
  taken(lock).release();
});
