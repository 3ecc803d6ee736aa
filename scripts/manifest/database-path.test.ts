// Where a SQLite database may be: also below a folder that the service mounts, and that its backup names.
import { expect, test } from 'bun:test';
import { checkManifest } from './parse.ts';
import { problemLine } from './problems.ts';

const problems = (path: string) => {
  const text = `name: shop\ncontainers: [{ name: app }]\ndatabase: { type: sqlite, path: '${path}' }\nbackup: { type: [database, volume], volumes: [{ bind: /srv/data }] }\n`;
  return checkManifest(text, { file: 'f', folder: 'shop' }).problems.map(problemLine).join('\n');
};

test('below a bind of backup.volumes', () => {
  expect(problems('bind:/srv/data/deep/app.db')).toBe('');
  for (const path of ['bind:/srv/other/app.db', 'bind:/srv/data', 'bind:/srv/data2/x', 'bind:'])
    expect(problems(path)).toContain('database.path: must be bind:<path>, of a file below a bind of backup.volumes');
  expect(problems('bind:/srv/data/../x')).toContain('must not contain ..');
});
