import { expect, test } from 'bun:test';
import { parse } from 'dotenv';
import type { Host } from '../host/port.ts';
import { withWorld } from './fixture.ts';
import { readHolder, takeLock } from './lock.ts';

const asked = { ticket: '1234', command: 'release-run 1234; "$(id)"\n' };

test('the holder is written into the lock file, and gone when it is given back', () =>
  withWorld(({ host, paths }) => {
    expect(readHolder(host, paths)).toBeUndefined();
    const lock = takeLock(host, paths, asked);
    expect(parse(host.files.readText(paths.lock) ?? '')).toEqual({
      PID: String(process.pid),
      START_TIME: host.machine.startTime(process.pid) ?? 'none',
      BOOT_ID: host.machine.bootId,
      TICKET: '1234',
      COMMAND: 'release-run 1234_ ___id___',
      HOST: lock.holder.host,
      BY: lock.holder.by,
      SINCE: '2026-05-18T15:29:00Z',
    });
    expect(readHolder(host, paths)).toEqual(lock.holder);
    lock.assertHeld();
    lock.release();
    expect(readHolder(host, paths)).toBeUndefined();
    takeLock(host, paths, { ticket: '', command: 'backup' }).release();
  }));

test('a second one is refused with the name of the first and what to type', () =>
  withWorld(({ host, paths }) => {
    const lock = takeLock(host, paths, asked);
    const second = () => takeLock(host, paths, { ticket: '9', command: 'release-run 9' });
    expect(second).toThrow(
      expect.objectContaining({
        exitCode: 3,
        facts: expect.objectContaining({ hint: ['just release-log 1234 --follow', 'just release-state 1234'] }),
      }),
    );
    expect(second).toThrow(`held by release 1234: release-run 1234_ ___id___, process ${process.pid}`);
    expect(second).toThrow('since 2026-05-18T15:29:00Z');
    host.files.replace(paths.lock, '');
    lock.release();
  }));

test('who holds it but has not said so yet is not made up', () =>
  withWorld(({ host, paths }) => {
    const held = host.files.lock(paths.lock);
    held?.write('');
    expect(() => takeLock(host, paths, asked)).toThrow('its name is not known');
    held?.release();
  }));

test('a dead process, another boot, and a pid that was used again hold nothing', () =>
  withWorld(({ host, paths }) => {
    const lock = takeLock(host, paths, asked);
    const { machine } = host;
    const as = (other: Partial<Host['machine']>): Host => ({ ...host, machine: { ...machine, ...other } });
    expect(readHolder(as({}), paths)).toEqual(lock.holder);
    expect(readHolder(as({ alive: () => false }), paths)).toBeUndefined();
    expect(readHolder(as({ bootId: 'another' }), paths)).toBeUndefined();
    expect(readHolder(as({ startTime: () => '1' }), paths)).toBeUndefined();
    lock.release();
    host.files.replace(paths.lock, 'PID=x\nBOOT_ID=\u0000\n');
    expect(readHolder(host, paths)).toBeUndefined();
  }));

test('a lock file that was removed or replaced is no lock any more', () =>
  withWorld(({ host, paths }) => {
    const lock = takeLock(host, paths, asked);
    host.files.remove(paths.lock);
    expect(() => lock.assertHeld()).toThrow(expect.objectContaining({ kind: 'in-doubt', exitCode: 7 }));
    host.files.replace(paths.lock, '');
    expect(() => lock.assertHeld()).toThrow('removed or replaced');
    lock.release();
  }));

test('a link, a FIFO or a folder in its place is refused by name', () =>
  withWorld(({ host, paths }) => {
    const refusal = (what: string) => {
      expect(() => takeLock(host, paths, asked)).toThrow(what);
      expect(() => takeLock(host, paths, asked)).toThrow(paths.lock);
      expect(() => readHolder(host, paths)).toThrow(expect.objectContaining({ kind: 'refused' }));
      host.files.remove(paths.lock);
    };
    host.files.symlink('/etc/passwd', paths.lock);
    refusal('a symbolic link');
    host.files.mkdir(paths.lock);
    refusal('a folder');
    Bun.spawnSync(['mkfifo', paths.lock]);
    refusal('a FIFO');
  }));

test('facts that cannot be written give the lock back', () =>
  withWorld(({ host, paths }) => {
    const full: Host = {
      ...host,
      files: {
        ...host.files,
        lock: (path) => {
          const lock = host.files.lock(path);
          return (
            lock && {
              ...lock,
              write: () => {
                throw new Error('ENOSPC');
              },
            }
          );
        },
      },
    };
    expect(() => takeLock(full, paths, asked)).toThrow('ENOSPC');
    takeLock(host, paths, asked).release();
  }));
