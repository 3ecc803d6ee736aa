import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, buildConnector, request } from 'undici/index.js';
import { openHttp } from './http.ts';

const http = openHttp();
const folder = mkdtempSync(join(tmpdir(), 'http-'));
const socket = join(folder, 'engine.sock');
const clients: number[] = [];
const silent = createServer((connection: Socket) => {
  connection.on('error', () => connection.destroy());
});
let tcp: ReturnType<typeof serve>;
let unix: ReturnType<typeof serve>;

const encoder = new TextEncoder();
function stream(parts: string[], open: boolean): Response {
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const part of parts) controller.enqueue(encoder.encode(part));
        if (!open) controller.close();
      },
    }),
  );
}

function serve(where: { port: number; hostname: string } | { unix: string }) {
  return Bun.serve({
    ...where,
    async fetch(incoming, server): Promise<Response> {
      const port = server.requestIP(incoming)?.port;
      if (port !== undefined) clients.push(port);
      const { pathname } = new URL(incoming.url);
      if (pathname === '/connection') return new Response(incoming.headers.get('connection'));
      if (pathname === '/moved') return Response.redirect('/health', 302);
      if (pathname === '/big') return new Response('x'.repeat(1_000_000));
      if (pathname === '/hang') return stream(['partial'], true);
      if (pathname === '/empty') return new Response(null, { status: 204 });
      if (pathname === '/echo') return Response.json({ method: incoming.method, body: await incoming.json() });
      if (pathname === '/events') return stream(['{"a":1}\n{"b"', ':2}\n\n', '{"c":3}\n'], true);
      if (pathname === '/ended') return stream(['{"a":1}\n{"last":true}'], false);
      if (pathname === '/broken') return new Response('no json', { status: 500 });
      return new Response('fine', { headers: { 'x-version': '7' } });
    },
  });
}

beforeAll(async () => {
  tcp = serve({ port: 0, hostname: '127.0.0.1' });
  unix = serve({ unix: socket });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  silent.close();
  await tcp.stop(true);
  await unix.stop(true);
  rmSync(folder, { recursive: true });
});
const at = (path: string) => `http://127.0.0.1:${tcp.port}${path}`;

describe('get', () => {
  test('is done by the real undici, whose agent makes the connection', async () => {
    let connections = 0;
    const connect = buildConnector({});
    const agent = new Agent({
      connect(options, callback) {
        connections += 1;
        connect(options, callback);
      },
    });
    const answer = await request(at('/health'), { dispatcher: agent });
    expect(await answer.body.text()).toBe('fine');
    await agent.destroy();
    expect(connections).toBe(1);
  });

  test('gives status, headers and body', async () => {
    const answer = await http.get(at('/health'), { timeoutMs: 5000, connectTimeoutMs: 5000 });
    expect(answer).toMatchObject({ status: 200, body: 'fine' });
    expect(answer.headers['x-version']).toBe('7');
  });

  test('connects anew each time', async () => {
    clients.length = 0;
    for (let i = 0; i < 3; i += 1) await http.get(at('/health'), { timeoutMs: 5000 });
    expect(new Set(clients).size).toBe(3);
    expect((await http.get(at('/connection'), { timeoutMs: 5000 })).body).toBe('close');
  });

  test('does not follow a redirect', async () => {
    const answer = await http.get(at('/moved'), { timeoutMs: 5000 });
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toEndWith('/health');
  });

  test('keeps 64 KiB of a large body', async () => {
    expect((await http.get(at('/big'), { timeoutMs: 5000 })).body).toHaveLength(65_536);
  });

  test('gives up a body that never ends, and a server that never answers', async () => {
    const address = silent.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    for (const url of [at('/hang'), `http://127.0.0.1:${address.port}/`]) {
      const error = await http.get(url, { timeoutMs: 150 }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: 'TimeoutError' });
    }
  });

  test('ends with the signal, and says when nobody listens', async () => {
    const error = await http.get(at('/hang'), { timeoutMs: 20_000, signal: AbortSignal.abort() }).catch((e) => e);
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(http.get('http://127.0.0.1:1/', { timeoutMs: 5000 })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('unix', () => {
  test('sends and parses JSON', async () => {
    const answer = await http.unix(socket, 'POST', '/echo', { timeoutMs: 5000, body: { a: 1 } });
    expect(answer).toEqual({ status: 200, json: { method: 'POST', body: { a: 1 } } });
    expect(await http.unix(socket, 'DELETE', '/empty', { timeoutMs: 5000 })).toEqual({ status: 204, json: undefined });
  });

  test('does not follow a redirect', async () => {
    expect(await http.unix(socket, 'GET', '/moved', { timeoutMs: 5000 })).toMatchObject({ status: 302 });
  });

  test('says what is no JSON, what hangs and what is not there', async () => {
    const options = { timeoutMs: 150 };
    expect(http.unix(socket, 'GET', '/broken', options)).rejects.toThrow('is not JSON');
    expect(http.unix(socket, 'GET', '/hang', options)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(http.unix(join(folder, 'none'), 'GET', '/', options)).rejects.toThrow();
  });

  test('streams lines across chunks until the signal', async () => {
    const stop = new AbortController();
    const seen: unknown[] = [];
    for await (const line of http.unixLines(socket, '/events', stop.signal)) {
      seen.push(line);
      if (seen.length === 3) stop.abort();
    }
    expect(seen).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
  });

  test('streams to the end, with a last line that has no newline', async () => {
    const seen: unknown[] = [];
    for await (const line of http.unixLines(socket, '/ended', new AbortController().signal)) seen.push(line);
    expect(seen).toEqual([{ a: 1 }, { last: true }]);
  });

  test('a stream that is refused is an error', async () => {
    const lines = http.unixLines(socket, '/broken', new AbortController().signal);
    expect(lines[Symbol.asyncIterator]().next()).rejects.toThrow('answered 500');
  });
});
