// just release-log TICKET [--follow]: the log, as it is, to its end or as it grows.
import { type HostPaths, ticketPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { readGuard } from '../journal/guard.ts';
import { readHolder } from '../journal/lock.ts';
import { parseLine } from '../journal/logfmt.ts';
import { readRelease } from '../journal/records.ts';
import { refused } from '../model/error.ts';
import { checkTicket } from '../model/names.ts';
import { eventFields } from './event-fields.ts';
import { openRecords } from './records-context.ts';
import { enter, type Verb } from './verb.ts';

const CHUNK = 256 * 1024;
const LOOK_EVERY_MS = 200;

export const verb: Verb = {
  usage: {
    verb: 'release-log',
    words: ['TICKET'],
    what: 'Prints the log of a release.',
    flags: {
      follow: { type: 'boolean', what: 'go on as it grows, until the release ends' },
      json: { type: 'boolean', what: 'its events as NDJSON' },
    },
  },
  mutating: false,
  check: (given) => void checkTicket(given.words[0] ?? ''),
  async run(given, world) {
    const { host, terminal } = world;
    const paths = await openRecords(world);
    const [ticket = ''] = given.words;
    const { log } = ticketPaths(paths, ticket);
    if (host.files.stat(log) === undefined)
      throw refused({ what: `This host has no log of ${ticket}`, where: log, hint: 'See: just release-list' });
    const reader = lineReader(host, log, (line) => terminal.say(given.has('json') ? asJson(line) : line));
    reader.read();
    while (given.has('follow') && !terminal.detached) {
      const held = readHolder(host, paths)?.ticket === ticket || isWaiting(host, paths, ticket);
      await host.clock.sleep(LOOK_EVERY_MS);
      reader.read();
      if (!held) break;
    }
    reader.end();
    return 0;
  },
};

/** What is no event is told as it is: a torn line, a note that somebody wrote into it. */
function asJson(line: string): string {
  const parsed = parseLine(line);
  return JSON.stringify('why' in parsed ? { event: 'unreadable', line, why: parsed.why } : eventFields(parsed.event));
}

/** Nobody is at work on it, and yet it is not over: it waits for its confirmation, or for the next try to put it back. */
function isWaiting(host: Host, paths: HostPaths, ticket: string): boolean {
  if (!readGuard(host, paths, ticket)) return false;
  const status = readRelease(host, ticketPaths(paths, ticket), ticket).state?.releaseStatus;
  return status === 'awaiting-confirm' || status === 'reverting';
}

/** Whole lines only, until the end. */
function lineReader(host: Host, path: string, each: (line: string) => void): { read(): void; end(): void } {
  const decoder = new TextDecoder();
  let at = 0;
  let rest = '';
  return {
    read() {
      for (;;) {
        const bytes = host.files.readRange(path, at, CHUNK);
        if (bytes.length === 0) return;
        at += bytes.length;
        const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) each(line);
      }
    },
    end() {
      if (rest !== '') each(rest);
    },
  };
}

if (import.meta.main) void enter(verb);
