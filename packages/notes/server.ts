// Notes over HTTP: GET /notes, POST /notes {"text": "..."}.
import { openNotes } from './store.ts';

const notes = openNotes();
const release = process.env.MERGE_SHA ?? 'unreleased';

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.NOTES_PORT ?? 4101),
  routes: {
    '/health': () => Response.json({ ok: true, newest: notes.newest() }),
    '/version': () => new Response(release),
    '/notes': {
      GET: () => Response.json(notes.all()),
      POST: async (request) => {
        const body: unknown = await request.json();
        const text = typeof body === 'object' && body !== null && 'text' in body ? String(body.text).trim() : '';
        if (text === '') return Response.json({ error: 'a note needs a text' }, { status: 400 });
        notes.add(text);
        return Response.json(notes.all(), { status: 201 });
      },
    },
  },
  error: (error) => Response.json({ error: error.message }, { status: 500 }),
});

process.on('SIGINT', async () => {
  await server.stop();
  notes.close();
  process.exit(0);
});
