// HTTP: probes over a fresh connection each, and the engine's unix socket.
import { stepFailed } from '../model/error.ts';
import { deadline } from './deadline.ts';
import type { Http } from './port.ts';

const freshGet = async () => (await import('./fresh-get.ts')).freshGet;

/** Until then, what was just begun is under way. */
const SOON_MS = 100;

export function openHttp(): Http {
  return {
    getSoon() {
      // Whoever needs it gets the error, too.
      setTimeout(() => freshGet().catch(() => undefined), SOON_MS).unref();
    },
    get: async (url, options) => await (await freshGet())(url, options),
    post: async (url, { json, timeoutMs }) => await (await freshGet())(url, { timeoutMs }, json),
    async unix(socket, method, path, options) {
      const answer = await fetch(`http://localhost${path}`, {
        unix: socket,
        method,
        redirect: 'manual',
        keepalive: false,
        signal: deadline(options.timeoutMs, options.signal),
        headers: { ...(options.body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
      const text = await answer.text();
      return { status: answer.status, json: text.trim() === '' ? undefined : parsed(text, path) };
    },
    async *unixLines(socket, path, signal) {
      try {
        const answer = await fetch(`http://localhost${path}`, {
          unix: socket,
          signal,
          timeout: false,
          keepalive: false,
        });
        if (!answer.ok || answer.body === null) {
          throw stepFailed({
            what: `the socket ${socket} answered ${answer.status} to ${path}`,
            details: [(await answer.text()).slice(0, 500)],
          });
        }
        const decoder = new TextDecoder();
        let rest = '';
        for await (const chunk of answer.body) {
          const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) if (line.trim() !== '') yield parsed(line, path);
        }
        if (rest.trim() !== '') yield parsed(rest, path);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw stepFailed({ what: `the answer to ${path} is not JSON: ${JSON.stringify(text.slice(0, 200))}` }, error);
  }
}
