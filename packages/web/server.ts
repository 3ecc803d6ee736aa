// The front: GET / shows api's summary.
import { page } from './page.ts';

const release = process.env.MERGE_SHA ?? 'unreleased';
const title = process.env.WEB_TITLE ?? 'Notes';
const apiUrl = `http://127.0.0.1:${process.env.API_PORT ?? 4102}/summary`;

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.WEB_PORT ?? 4103),
  routes: {
    '/health': () => Response.json({ ok: true }),
    '/version': () => new Response(release),
    '/': async () => {
      const answer = await fetch(apiUrl, { signal: AbortSignal.timeout(2_000) });
      return new Response(page(title, await answer.text()), {
        headers: { 'content-type': 'text/html; charset=utf-8' },
      });
    },
  },
  error: () => new Response('api does not answer\n', { status: 502 }),
});

process.on('SIGINT', async () => {
  await server.stop();
  process.exit(0);
});
