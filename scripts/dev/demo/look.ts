// Looking at the demo's services from outside, over HTTP on loopback.
import { messageOf } from '../../model/error.ts';

/** Ports that nothing listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () =>
    Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() }),
  );
  const ports = servers.map((server) => server.port ?? 0);
  await Promise.all(servers.map((server) => server.stop(true)));
  return ports;
}

export async function text(url: string): Promise<string> {
  return (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text();
}

/** @throws Error where it does not answer with success within 15 s. */
export async function untilAnswers(url: string): Promise<void> {
  let last = '';
  for (const end = performance.now() + 15_000; performance.now() < end; await Bun.sleep(50)) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      if (answer.ok) return;
      last = `it answered ${answer.status}`;
    } catch (error) {
      last = messageOf(error);
    }
  }
  throw new Error(`${url} did not become healthy: ${last}`);
}
