// HTTP: probes over a fresh connection each, and the engine's unix socket.
import { Agent, buildConnector, request } from 'undici/index.js';
import { stepFailed } from '../model/error.ts';
import type { Http, HttpAnswer } from './port.ts';

const BODY_BYTES = 64 * 1024;

const deadline = (timeoutMs: number, signal?: AbortSignal): AbortSignal =>
  signal === undefined ? AbortSignal.timeout(timeoutMs) : AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]);

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

async function get(
  url: string,
  options: { timeoutMs: number; connectTimeoutMs?: number; signal?: AbortSignal },
): Promise<HttpAnswer> {
  const { timeoutMs, connectTimeoutMs = timeoutMs } = options;
  const connecting = new AbortController();
  const { agent, settle } = oneConnection(connectTimeoutMs, () =>
    connecting.abort(new DOMException(`no connection to ${url} within ${connectTimeoutMs} ms`, 'TimeoutError')),
  );
  const signal = AbortSignal.any([deadline(timeoutMs, options.signal), connecting.signal]);
  try {
    const answer = await request(url, { dispatcher: agent, signal });
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

export function openHttp(): Http {
  return {
    get,
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
