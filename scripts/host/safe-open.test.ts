import { expect, test } from 'bun:test';
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { osPipe } from './libc.ts';
import { cannotWrite, flush, openRegular, withOpen, writeAll } from './safe-open.ts';

const failure = (message: string) =>
  expect.objectContaining({ kind: 'step-failed', message: expect.stringContaining(message) });
function caught(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

test('a full disk says where to free space', () => {
  const error = caught(() =>
    withOpen(openSync('/dev/full', 'w'), (fd) => writeAll(fd, Buffer.from('x'), '/srv/state')),
  );
  expect(error).toEqual(failure('/srv/state could not be written: ENOSPC'));
  expect(error).toMatchObject({ facts: { hint: 'Free space on the file system that holds /srv/state.' } });
  expect(cannotWrite('/x', new Error('EIO'))).toMatchObject({
    facts: { hint: expect.stringContaining('Check the disk') },
  });
});

test('a flush that fails is an error', () => {
  const { readEnd, writeEnd } = osPipe();
  expect(caught(() => flush(writeEnd, '/srv/log'))).toEqual(failure('/srv/log could not be written: EINVAL'));
  closeSync(readEnd);
  closeSync(writeEnd);
});

test('a link is followed only where that was asked for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'safe-open-'));
  const [file, link] = [join(folder, 'file'), join(folder, 'link')];
  writeFileSync(file, 'content');
  symlinkSync(file, link);
  expect(() => openRegular(link)).toThrow(`${link} is a symbolic link, where a plain file should be`);
  const { fd, stat } = openRegular(link, undefined, { follow: true });
  closeSync(fd);
  expect(stat.size).toBe(7);
  rmSync(folder, { recursive: true });
});
