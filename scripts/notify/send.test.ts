// Against a real endpoint on loopback.
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { openHttp } from '../host/http.ts';
import { NOTICES, type NoticeBody, type NoticeName, type Webhook } from '../model/notice.ts';
import { wants } from './notice.ts';
import { sendNotice } from './send.ts';

const real = openHttp();
const asked: number[] = [];
/** As the real one, but it does not wait as long for what never comes. */
const http = {
  post: async (url: string, options: { json: string; timeoutMs: number }) => {
    asked.push(options.timeoutMs);
    return await real.post(url, { ...options, timeoutMs: 200 });
  },
};
const body: NoticeBody = {
  schema: 1,
  notice: 'halted',
  ticket: 'T-1',
  host: 'prod1',
  time: '2026-05-18T15:29:00Z',
  phase: 'migrate',
  text: 'it <halted>',
};
let server: ReturnType<typeof Bun.serve>;
const got: Array<{ path: string; type: string | null; json: unknown }> = [];
let statuses: number[] = [];

beforeAll(async () => {
  server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      got.push({ path: pathname, type: request.headers.get('content-type'), json: await request.json() });
      if (pathname === '/hang') return await new Promise<Response>(() => undefined);
      if (pathname === '/moved') return Response.redirect('/else', 307);
      return new Response('', { status: statuses.shift() ?? 200 });
    },
  });
  // To load the client may take longer than one request is waited for here.
  await real.post(`http://127.0.0.1:${server.port}/first`, { json: '{}', timeoutMs: 10_000 });
});
afterAll(async () => await server.stop(true));
beforeEach(() => {
  got.length = 0;
  asked.length = 0;
  statuses = [];
});

const to = (path: string, format: Webhook['format'] = 'json'): Webhook => ({
  name: 'ops',
  url: `http://127.0.0.1:${server.port}${path}`,
  format,
  notices: ['halted'],
});
const send = (webhook: Webhook, env: Record<string, string> = {}) => sendNotice(http, webhook, body, env);

test('delivered: the body as JSON, and as Slack takes it; five seconds are given', async () => {
  expect(await send(to('/ok'))).toBeUndefined();
  expect(await send(to('/slack', 'slack'))).toBeUndefined();
  expect(got).toEqual([
    { path: '/ok', type: 'application/json', json: body },
    { path: '/slack', type: 'application/json', json: { text: 'it &lt;halted&gt;' } },
  ]);
  expect(asked).toEqual([5_000, 5_000]);
});

test('a server that has trouble is tried again, one that says no is not', async () => {
  statuses = [500, 429, 204];
  expect(await send(to('/ok'))).toBeUndefined();
  expect(got.length).toBe(3);
  statuses = [500, 502, 503, 200];
  expect(await send(to('/ok'))).toBe('it answered 503');
  expect(got.length).toBe(6);
  statuses = [404, 200];
  expect(await send(to('/ok'))).toBe('it answered 404');
  expect(got.length).toBe(7);
});

test('a redirect is not followed', async () => {
  expect(await send(to('/moved'))).toBe('it answered 307, and a redirect is not followed');
  expect(got.map(({ path }) => path)).toEqual(['/moved']);
});

test('one that hangs, one that is not there: said, without the address', async () => {
  expect(await send(to('/hang'))).toBe('no answer within 5 s');
  expect(got.length).toBe(3);
  const gone = await send({ ...to(''), url: 'http://127.0.0.1:1/secret' });
  expect(gone).toBe('it could not be reached (ECONNREFUSED)');
  const nowhere = await send({ ...to(''), url: 'http://secret.invalid/' });
  expect(nowhere).toMatch(/^it could not be reached \(E\w+\)$/);
});

test('the address comes from .env, and has to be one', async () => {
  const webhook: Webhook = { ...to(''), url: { env: 'OPS' } };
  expect(await send(webhook)).toBe('OPS is not in .env');
  expect(await send(webhook, { OPS: 'ftp://secret' })).toStartWith('its URL is none');
  expect(await send(webhook, { OPS: 'https://[secret' })).toStartWith('its URL is none');
  expect(await send(webhook, { OPS: `http://127.0.0.1:${server.port}/env` })).toBeUndefined();
});

test('what is in doubt is told to everybody', () => {
  const told = (Object.keys(NOTICES) as NoticeName[]).filter((notice) => wants(to(''), notice));
  expect(told).toEqual(['halted', 'in-doubt']);
});
