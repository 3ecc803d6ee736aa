// Webhooks are told of what happens, by a real HTTP endpoint; one that cannot be told fails nothing, and its address is nowhere to be found.
import { afterAll, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NoticeBody } from '../../scripts/model/notice.ts';
import { until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

const SECRET = 'hunter22-b0d1e';
const got: NoticeBody[] = [];
let answer: () => Promise<Response> | Response = () => new Response('ok');
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const body = (await request.json()) as NoticeBody;
    if (pathname === `/${SECRET}`) got.push(body);
    return await answer();
  },
});
afterAll(async () => await server.stop(true));
const told = (ticket: string) => got.filter((body) => body.ticket === ticket).map(({ notice }) => notice);

const env = { OPS_WEBHOOK: `http://127.0.0.1:${server.port}/${SECRET}`, DB_PASSWORD: 'pass-w0rd-7' };
const config = { notify: [{ url_env: 'OPS_WEBHOOK' }, { url_env: 'NOWHERE', events: ['in-doubt'] }] };

/** Files below a folder that hold the address. */
const holders = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name))
    .filter((file) => existsSync(file) && readFileSync(file).includes(SECRET));

onBoth(
  'notices',
  { services: { alpha: {} }, config, env },
  (host) => {
    test('a release that fails, goes back and is released: all of it is told', async () => {
      const h = host();
      const hook = h.hook('migrate', `throw new Error('no connection with ' + process.env.DB_PASSWORD)`);
      await h.push({ ...(await h.service('alpha', '2')), 'packages/alpha/scripts/pre_start_init.ts': hook });
      const failed = await h.run('run', ['M-1']);
      expect(failed.code).toBe(1);
      expect(failed.text).toContain('notify: NOWHERE is not in .env');
      expect(told('M-1')).toEqual(['halted']);
      const [body] = got;
      expect(body).toMatchObject({ schema: 1, phase: 'migrate', status: 'halted', services: ['alpha'] });
      expect(body?.next?.map(({ command }) => command)).toContain('just release-run M-1 --resume');
      expect((await h.run('revert', ['M-1'])).code).toBe(0);
      expect(told('M-1')).toEqual(['halted', 'reverted']);
      await h.git(h.dev, 'pull', '--quiet', 'origin', 'main');
      await h.push(await h.service('alpha', '3'));
      const done = await h.run('run', ['M-2']);
      expect(done.code).toBe(0);
      expect(told('M-2')).toEqual(['released']);
      expect(JSON.stringify(got)).not.toContain('pass-w0rd-7');
      expect(failed.text + done.text).not.toContain(SECRET);
    });

    test('the time to confirm begins only when the notice of it has gone out', async () => {
      const h = host();
      await h.push(await h.service('alpha', '4'));
      const letGo = Promise.withResolvers<Response>();
      answer = () => letGo.promise;
      const run = h.start('run', ['M-3', '--confirm-within=5m']);
      await until('the endpoint is asked', () => told('M-3').includes('awaiting-confirm'), 60_000);
      expect(h.log('M-3').some((each) => each.phase === 'confirm')).toBe(false);
      expect(h.state('M-3')?.RELEASE_STATUS).toBe('running');
      letGo.resolve(new Response('ok'));
      answer = () => new Response('ok');
      await h.event('M-3', { phase: 'confirm', event: 'start' });
      expect((await h.run('confirm', ['M-3'])).code).toBe(0);
      expect((await run.ended).code).toBe(0);
      expect(told('M-3').filter((notice) => notice === 'awaiting-confirm').length).toBeGreaterThan(0);
      expect(told('M-3').at(-1)).toBe('released');
      await until('the watchdog is gone', () => h.strays().length === 0, 60_000);
    });

    test('a webhook that cannot be told fails nothing, and is in the log', async () => {
      const h = host();
      await h.push(await h.service('alpha', '5'));
      answer = () => new Response('no', { status: 500 });
      const done = await h.run('run', ['M-4']);
      answer = () => new Response('ok');
      expect(done.text).toContain('Released M-4');
      expect(done.code).toBe(0);
      expect(h.log('M-4').find((each) => each.event === 'notice-failed')?.fields).toMatchObject({
        webhook: 'OPS_WEBHOOK',
        notice: 'released',
        reason: 'it answered 500',
      });
      expect(h.state('M-4')).toMatchObject({ RELEASE_STATUS: 'released', PHASE: 'verify', PHASE_STATUS: 'done' });
      expect(h.brokenLine('M-4')).toBe(0);
      expect(done.text).not.toContain(SECRET);
    });

    test('the engine is killed before a notice has gone out: the next one sends it, once', async () => {
      const h = host();
      await h.push(await h.service('alpha', '6'));
      const never = Promise.withResolvers<Response>();
      answer = () => never.promise;
      const run = h.start('run', ['M-5']);
      await until('the endpoint is asked', () => told('M-5').includes('released'), 60_000);
      await run.crash('all');
      never.resolve(new Response('too late'));
      answer = () => new Response('ok');
      expect(h.state('M-5')?.RELEASE_STATUS).toBe('released');
      // A look sends nothing.
      expect((await h.run('state', ['M-5'])).code).toBe(0);
      expect(told('M-5')).toEqual(['released']);
      for (let swept = 0; swept < 2; swept++) expect((await h.run('sweep')).code).toBe(0);
      expect(told('M-5')).toEqual(['released', 'released']);
      expect(readdirSync(join(h.prod, '.asd/workspace/notices'))).toEqual([]);
    });

    test('its address is in .env and in the backups of .env, and nowhere else', () => {
      const h = host();
      const workspace = join(h.prod, '.asd', 'workspace');
      const elsewhere = holders(workspace).filter((file) => !file.startsWith(join(workspace, 'backups')));
      expect(elsewhere).toEqual([]);
    });
  },
  ['pm2'],
);
