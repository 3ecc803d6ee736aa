// On a real disk: what is kept is found in its order, and what is no notice does nobody harm.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHost } from '../host/real.ts';
import type { NoticeBody } from '../model/notice.ts';
import { keepNotice, leftNotices } from './outbox.ts';

const host = openHost();
let folder: string;
let paths: { notices: string };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belay-outbox-'));
  paths = { notices: join(folder, 'notices') };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const body = (notice: NoticeBody['notice'], time = '2026-05-18T15:29:00Z'): NoticeBody => ({
  schema: 1,
  notice,
  ticket: 'T-1',
  host: 'prod1',
  time,
  phase: 'verify',
  text: notice,
});
const left = () => leftNotices(host, paths).map((each) => `${each.webhook} ${each.body.notice}`);

test('what is kept is left until it is forgotten, the oldest first, and only its owner may read it', () => {
  expect(left()).toEqual([]);
  keepNotice(host, paths, { webhook: 'ops', body: body('released', '2026-05-18T15:30:00Z') });
  const forget = keepNotice(host, paths, { webhook: 'ops', body: body('halted') });
  keepNotice(host, paths, { webhook: 'ops', body: body('reverted') });
  expect(left()).toEqual(['ops halted', 'ops reverted', 'ops released']);
  const [first = ''] = readdirSync(paths.notices);
  expect(statSync(join(paths.notices, first)).mode & 0o777).toBe(0o600);
  forget();
  forget();
  expect(left()).toEqual(['ops reverted', 'ops released']);
});

test('half a file, another schema, a link and a folder are taken away', () => {
  mkdirSync(join(paths.notices, 'folder'), { recursive: true });
  writeFileSync(join(paths.notices, 'half'), '{"webhook":"ops","bo');
  writeFileSync(
    join(paths.notices, 'later'),
    JSON.stringify({ webhook: 'ops', body: { ...body('halted'), schema: 2 } }),
  );
  writeFileSync(join(paths.notices, 'nothing'), 'null');
  symlinkSync('/etc/passwd', join(paths.notices, 'link'));
  expect(left()).toEqual([]);
  expect(readdirSync(paths.notices)).toEqual([]);
});
