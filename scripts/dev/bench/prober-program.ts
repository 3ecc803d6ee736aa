// Asks every port for its version every 20 ms, each time over a new connection: prober-program.ts PORT... Prints `ready`, and when its
// standard input ends, for each port the longest time without an answer, and when that began and ended (ms of its own clock).
import { connect } from 'node:net';

const EVERY_MS = 20;
const GIVE_UP_MS = 1000;

interface Seen {
  /** When the last probe that was answered began. */
  last: number;
  from: number;
  to: number;
}

/** @returns whether somebody answered with 200. */
function probe(port: number): Promise<boolean> {
  return new Promise((done) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port });
    const end = () => {
      socket.destroy();
      done(text.startsWith('HTTP/1.1 200') || text.startsWith('HTTP/1.0 200'));
    };
    socket.setTimeout(GIVE_UP_MS, end);
    socket.on('connect', () => socket.write('GET /version HTTP/1.0\r\n\r\n'));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}

const seen = new Map<number, Seen>();
let over = false;

async function watch(port: number): Promise<void> {
  while (!over) {
    const began = performance.now();
    // Not awaited: a probe that hangs delays no later one.
    void probe(port).then((answered) => {
      const own = seen.get(port);
      if (!answered) return;
      if (own === undefined) seen.set(port, { last: began, from: began, to: began });
      else if (began > own.last) {
        if (began - own.last > own.to - own.from) Object.assign(own, { from: own.last, to: began });
        own.last = began;
      }
    });
    await Bun.sleep(Math.max(1, EVERY_MS - (performance.now() - began)));
  }
}

const ports = process.argv.slice(2).map(Number);
const watching = ports.map(watch);
while (seen.size < ports.length) await Bun.sleep(EVERY_MS);
console.log('ready');
for await (const _ of Bun.stdin.stream());
over = true;
await Promise.all(watching);
console.log(JSON.stringify(ports.map((port) => seen.get(port))));
process.exit(0);
