// One request over a connection of its own, by the real undici.
import { Agent, buildConnector, request } from 'undici/index.js';
import { deadline } from './deadline.ts';
import type { Http, HttpAnswer } from './port.ts';

const BODY_BYTES = 64 * 1024;

/** An agent for one request. undici's own connect time-out is coarse below a second, so a timer of ours fires `late`. */
function oneConnection(connectTimeoutMs: number, late: () => void): { agent: Agent; settle: () => void } {
  const timer = setTimeout(late, connectTimeoutMs);
  const settle = () => clearTimeout(timer);
  const connect = buildConnector({ timeout: connectTimeoutMs });
  const agent = new Agent({
    pipelining: 0,
    connect(options, callback) {
      connect(options, (...outcome) => {
        settle();
        callback(...outcome);
      });
    },
  });
  return { agent, settle };
}

/** See Http.get. @param json posted, where it is given. */
export async function freshGet(url: string, options: Parameters<Http['get']>[1], json?: string): Promise<HttpAnswer> {
  const { timeoutMs, connectTimeoutMs = timeoutMs } = options;
  const connecting = new AbortController();
  const { agent, settle } = oneConnection(connectTimeoutMs, () =>
    connecting.abort(new DOMException(`no connection to ${url} within ${connectTimeoutMs} ms`, 'TimeoutError')),
  );
  const signal = AbortSignal.any([deadline(timeoutMs, options.signal), connecting.signal]);
  try {
    const answer = await request(url, {
      dispatcher: agent,
      signal,
      ...(json === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: json }),
    });
    const parts: Uint8Array[] = [];
    let left = BODY_BYTES;
    for await (const part of answer.body) {
      parts.push(part.subarray(0, left));
      left -= part.length;
      if (left <= 0) break;
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    return { status: answer.statusCode, headers, body: Buffer.concat(parts).toString('utf8') };
  } finally {
    settle();
    await agent.destroy();
  }
}
