// What is flushed, and when: read from the system calls of a process of its own.
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CALLS = 'write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,ftruncate';

/** The calls on files below a folder, in their order: `fsync x.tmp`. @param body of a program that has `files` and `at`. */
function callsOf(body: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'flush-'));
  try {
    const [program, trace] = [join(folder, 'program.ts'), join(folder, 'trace')];
    const port = JSON.stringify(join(import.meta.dir, 'files.ts'));
    writeFileSync(
      program,
      `import { openFiles } from ${port}; const files = openFiles(); const at = (name) => '${folder}/' + name; ${body}`,
    );
    const strace = ['strace', '-f', '-y', '-s', '0', '-e', `trace=${CALLS}`, '-o', trace];
    const run = Bun.spawnSync([...strace, process.execPath, program]);
    expect(run.stderr.toString()).toBe('');
    return readFileSync(trace, 'utf8')
      .split('\n')
      .filter((line) => line.includes(folder) && !line.includes(' = -1'))
      .map((line) => {
        const [, call = '', rest = ''] = /\b(\w+)\((.*)/.exec(line) ?? [];
        const paths = [...rest.matchAll(/[<"]([^<>"]*)[>"]/g)]
          .map(([, path = '']) => path)
          .filter((path) => path.startsWith(folder));
        const names = paths.map(
          (path) => path.slice(folder.length + 1).replace(/\.[0-9a-f]+\.tmp$/, '.tmp') || 'folder',
        );
        return [call.replace(/^pwrite64$/, 'write').replace(/^rename(?:at)?2?$/, 'rename'), ...names].join(' ');
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a file is whole on the disk before it gets its name, and its name before the call returns', () => {
  expect(callsOf("files.replace(at('x'), 'content');")).toEqual([
    'write .x.tmp',
    'fsync .x.tmp',
    'rename .x.tmp x',
    'fsync folder',
  ]);
});

test('a line is on the disk before the call returns, and so is the name of a new log', () => {
  expect(callsOf("files.append(at('log'), 'one'); files.append(at('log'), 'two', { truncateTo: 1 });")).toEqual([
    'write log',
    'fsync log',
    'fsync folder',
    'ftruncate log',
    'write log',
    'fsync log',
  ]);
});

test('what is written in pieces is flushed at its end, and a lock says who holds it after a crash, too', () => {
  expect(
    callsOf("const w = files.writer(at('w')); w.write(new Uint8Array(3)); w.close(); files.lock(at('l')).write('me');"),
  ).toEqual(['write w', 'fsync w', 'write l', 'ftruncate l', 'fsync l']);
});
