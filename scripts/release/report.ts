// just release-report TICKET: a page to talk about afterwards, with its timeline.
import { ticketPaths } from '../host/paths.ts';
import { readLog } from '../journal/log.ts';
import { readRelease } from '../journal/records.ts';
import { refused } from '../model/error.ts';
import { checkTicket } from '../model/names.ts';
import { reportLines, reportOf } from '../plan/report.ts';
import { openRecords } from './records-context.ts';
import { viewRelease } from './state.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'release-report',
    words: ['TICKET'],
    what: 'Prints a page on a release for the talk afterwards: what it was, what failed, who did what, its timeline. Markdown.',
    flags: { json: { type: 'boolean', what: 'as JSON' } },
  },
  mutating: false,
  check: (given) => void checkTicket(given.words[0] ?? ''),
  async run(given, world) {
    const { host, terminal } = world;
    const paths = await openRecords(world);
    const [ticket = ''] = given.words;
    const files = ticketPaths(paths, ticket);
    const entry = readRelease(host, files, ticket);
    if (!entry.state && !entry.problem && !entry.broken)
      throw refused({ what: `This host has no record of ${ticket}`, hint: 'See: just release-list' });
    // What is wrong with the log is among the doubts already.
    const events = entry.problem === undefined ? readLog(host, files.log).events : [];
    const report = reportOf({ ...viewRelease(host, paths, entry), events });
    if (given.has('json')) terminal.say(JSON.stringify(report));
    else for (const line of reportLines(report)) terminal.say(line);
    return 0;
  },
};

if (import.meta.main) void enter(verb);
