// The proof is independent, and tells the revert commit from every other difference.

import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importsOf, sourceText } from '../source-text.ts';
import { differences, notTheRevert, table } from './compare.ts';

const [A, B] = ['a'.repeat(40), 'b'.repeat(40)];

test('it imports nothing but itself, node and bun', () => {
  const files = ['../proof.ts', ...readdirSync(import.meta.dir).filter((name) => !name.endsWith('.test.ts'))];
  const names = files.flatMap((name) => importsOf(sourceText(readFileSync(join(import.meta.dir, name), 'utf8'))));
  expect(names.length).toBeGreaterThan(8);
  // Buffer.from('/') is none.
  expect(
    names.filter((name) => /[a-z]/.test(name) && !/^(?:node:|bun:|\.\/(?:proof\/)?[\w-]+\.ts$)/.test(name)),
  ).toEqual([]);
});

test('a changed, a missing and a new section are differences', () => {
  const [then, now] = [
    { same: ['1'], data: ['1', '2'], gone: ['x'] },
    { same: ['1'], data: ['1', '3'], come: ['y'] },
  ];
  expect(differences(then, now)).toEqual(['data: - 2', 'data: + 3', 'gone: - x', 'come: + y']);
  expect(differences({ data: ['1', '2'] }, { data: ['2', '1'] })).toHaveLength(1);
  expect(differences(then, then)).toEqual([]);
  expect(table(then, now).map((line) => line.endsWith('the same'))).toEqual([true, false, false, false]);
});

test('only the revert of the commit below it is a revert commit', () => {
  const commit = (parents: string, message: string) => `${'c'.repeat(40)}\0${parents}\0${message}\n\x01\nolder`;
  expect(notTheRevert('')).toBeUndefined();
  expect(
    notTheRevert(commit(A, `Revert "x"\n\nThis reverts commit ${A}, reversing\nchanges made to ${B}.`)),
  ).toBeUndefined();
  expect(notTheRevert(commit(A, `This reverts commit ${B}.`))).toContain('is no revert');
  expect(notTheRevert(commit(`${A} ${B}`, `This reverts commit ${A}.`))).toContain('is no revert');
  expect(notTheRevert(commit(A, 'change'))).toContain('is no revert');
});

test('the program: the revert commit alone is no difference, a row, a file and a setting are', () => {
  const folder = mkdtempSync(join(tmpdir(), 'belay-proof-'));
  try {
    const root = join(folder, 'prod');
    mkdirSync(root);
    const env = { PATH: process.env.PATH ?? '', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
    const run = (...argv: string[]) => Bun.spawnSync(argv, { cwd: root, env });
    const git = (...words: string[]) => {
      const done = run('git', '-c', 'user.name=Dev', '-c', 'user.email=dev@example.org', ...words);
      expect(done.exitCode, done.stderr.toString()).toBe(0);
    };
    const change = (text: string) => {
      writeFileSync(join(root, 'file'), text);
      git('add', 'file');
      git('commit', '--quiet', '-m', text);
      git('update-ref', 'refs/asd/deployed', 'HEAD');
    };
    git('init', '--quiet', '--initial-branch=main');
    writeFileSync(join(root, '.git/info/exclude'), '.env\n*.db*\n');
    writeFileSync(join(root, '.env'), 'A=1\n');
    const db = new Database(join(root, 'app.db'));
    db.run('CREATE TABLE notes (text)');
    change('one');
    const spec = {
      root,
      env,
      prefix: '',
      folders: [],
      databases: { app: { kind: 'sqlite', path: join(root, 'app.db') } },
    };
    writeFileSync(join(folder, 'spec.json'), JSON.stringify({ ...spec, serverVolumes: [], urls: [] }));
    const prove = (how: string) => {
      const program = join(import.meta.dir, '..', 'proof.ts');
      const done = run(process.execPath, program, join(folder, 'spec.json'), how, join(folder, 'before.json'));
      return { code: done.exitCode, text: done.stdout.toString() + done.stderr.toString() };
    };
    expect(prove('--save').code).toBe(0);
    expect(prove('--against')).toMatchObject({ code: 0, text: expect.stringContaining('No difference.') });
    change('two');
    expect(prove('--against').code).toBe(1);
    git('revert', '--no-edit', 'HEAD');
    git('update-ref', 'refs/asd/deployed', 'HEAD');
    expect(prove('--against')).toMatchObject({ code: 0, text: expect.stringContaining(', except the revert commit.') });
    db.run("INSERT INTO notes VALUES ('left')");
    writeFileSync(join(root, 'left'), 'x');
    writeFileSync(join(root, '.env'), 'A=2\n');
    const found = prove('--against');
    expect(found.code).toBe(1);
    for (const section of ['database app', 'checkout', '.env']) expect(found.text).toContain(`${section}: + `);
    expect(found.text).not.toContain('No difference');
    db.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
