import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { EXIT, refused } from '../model/error.ts';
import { exitCodeOf, renderError } from './render.ts';
import { inWords } from './system-error.ts';

const refusal = (code: string) =>
  Object.assign(new Error(`${code}: whatever`), { code, syscall: 'write', path: '/srv/x' });

test.each([
  ['ENOSPC', 'the disk is full', 'df -h'],
  ['EIO', 'the disk could not read or write', 'dmesg'],
  ['EROFS', 'the file system is read-only', 'dmesg'],
  ['EMFILE', 'too many files are open', 'ulimit'],
  ['EACCES', 'the rights do not suffice', 'owner'],
])('%s is told in words, with the file and what to do, and no stack', (code, what, hint) => {
  const lines = renderError(refusal(code)).join('\n');
  expect(lines).toContain(`error: ${what}`);
  expect(lines).toContain(`(${code} at write)`);
  expect(lines).toContain('where: /srv/x');
  expect(lines).toContain(hint);
  expect(lines).not.toContain('Belay itself failed');
  expect(exitCodeOf(refusal(code))).toBe(EXIT.halted);
});

test('a real refusal of the system', () => {
  let error: unknown;
  try {
    readFileSync('/proc/self/mem');
  } catch (caught) {
    error = caught;
  }
  expect(renderError(error)[0]).toStartWith('error: the disk could not read or write (EIO at read)');
});

test('our own errors, and bugs, are what they were', () => {
  const own = refused({ what: 'no' });
  const bug = new TypeError('undefined is not a function');
  expect([inWords(own), inWords(bug), inWords('text')]).toEqual([own, bug, 'text']);
  expect(renderError(bug)[0]).toContain('Belay itself failed');
});
