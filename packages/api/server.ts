// GET /summary: how many notes there are, and the newest.
const release = process.env.MERGE_SHA ?? 'unreleased';
const notesUrl = `http://127.0.0.1:${process.env.NOTES_PORT ?? 4101}/notes`;

async function summary(): Promise<Response> {
  const answer = await fetch(notesUrl, { signal: AbortSignal.timeout(2_000) });
  const notes: unknown = await answer.json();
  if (!Array.isArray(notes)) return Response.json({ error: 'notes answered with something else' }, { status: 502 });
  return Response.json({ count: notes.length, newest: notes.at(-1) ?? null });
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.API_PORT ?? 4102),
  routes: {
    '/health': () => Response.json({ ok: true }),
    '/version': () => new Response(release),
    '/summary': summary,
  },
  error: (error) => Response.json({ error: error.message }, { status: 502 }),
});

process.on('SIGINT', async () => {
  await server.stop();
  process.exit(0);
});
