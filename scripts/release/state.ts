// just release-state [TICKET]: where it stands, and the literal next commands. Reads only.
import { type HostPaths, ticketPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { type LockHolder, readHolder } from '../journal/lock.ts';
import { listReleases, type ReleaseEntry, readRelease } from '../journal/records.ts';
import { stateEntries } from '../journal/state.ts';
import { refused } from '../model/error.ts';
import { checkTicket } from '../model/names.ts';
import type { ReleaseState } from '../model/release.ts';
import { nextSteps } from '../plan/next.ts';
import { type DeadlineView, deadlineOf } from './guard/view.ts';
import { type Moved, movedCheckout, movedLines } from './moved-checkout.ts';
import { openRecords } from './records-context.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'release-state',
    words: ['[TICKET]'],
    what: 'Where a release stands and what to type next; without a ticket, the newest one.',
    flags: { json: { type: 'boolean', what: 'as JSON' } },
  },
  mutating: false,
  check: (given) => void (given.words[0] === undefined || checkTicket(given.words[0])),
  async run(given, world) {
    const paths = await openRecords(world);
    const [ticket] = given.words;
    const entry =
      ticket === undefined
        ? newest(listReleases(world.host, paths))
        : readRelease(world.host, ticketPaths(paths, ticket), ticket);
    const holder = readHolder(world.host, paths);
    // While somebody moves it, where the checkout stands says nothing.
    const moved = async (state: ReleaseState | undefined) =>
      holder === undefined ? await movedCheckout({ host: world.host, root: paths.root }, state) : undefined;
    if (!entry || (!entry.state && !entry.problem && !entry.broken)) {
      const found = await moved(undefined);
      throw refused({
        what: ticket === undefined ? 'This host has no record of any release' : `This host has no record of ${ticket}`,
        ...(found === undefined ? {} : { details: movedLines(found) }),
        hint: 'See: just release-list',
      });
    }
    const last = ticket === undefined ? entry : newest(listReleases(world.host, paths));
    const view = viewRelease(world.host, paths, entry, await moved(last?.state));
    if (given.has('json')) world.terminal.say(JSON.stringify(view));
    else for (const line of lines(view)) world.terminal.say(line);
    return 0;
  },
};

interface View {
  ticket: string;
  state: Record<string, string>;
  /** In words: what the status means now. */
  stands: string;
  doubts: string[];
  holder: LockHolder | undefined;
  /** undefined where nothing is armed. */
  deadline: DeadlineView | undefined;
  /** undefined where the checkout stands as the engine left it. */
  moved: Moved | undefined;
  next: Array<{ command: string; what: string }>;
  log: string;
}

/** How a release stands now, as everything that says so says it. @param moved where somebody looked for it. */
export const viewRelease = (host: Host, paths: HostPaths, entry: ReleaseEntry, moved?: Moved): View =>
  viewOf(entry, readHolder(host, paths), deadlineOf(host, paths, entry), moved);

function viewOf(
  entry: ReleaseEntry,
  holder: LockHolder | undefined,
  deadline: DeadlineView | undefined,
  moved: Moved | undefined,
): View {
  const { state } = entry;
  const held = holder?.ticket === entry.ticket ? holder : undefined;
  const doubts = [
    ...entry.differences.map((d) => `the state file and the log disagree: ${d}`),
    ...(entry.torn === undefined
      ? []
      : ['the last line of the log is torn: the engine or the host died while it was written']),
    ...(entry.broken ? [`line ${entry.broken.line} of the log is not what the engine wrote: ${entry.broken.why}`] : []),
    ...(entry.problem ? [entry.problem.message] : []),
  ];
  return {
    ticket: entry.ticket,
    state: state ? Object.fromEntries(stateEntries(state)) : {},
    stands: state ? stands(state, held, entry) : 'in doubt: neither its state file nor its log can be read',
    doubts,
    holder: held,
    deadline,
    moved,
    next:
      state && !held ? nextSteps(state) : [{ command: `just release-log ${entry.ticket} --follow`, what: 'watch it' }],
    log: entry.files.log,
  };
}

function stands(state: ReleaseState, held: LockHolder | undefined, entry: ReleaseEntry): string {
  if (entry.verdict === 'edited' || entry.broken)
    return `in doubt: its records do not agree (they say ${state.releaseStatus} in ${state.phase})`;
  if (held) return `running in ${state.phase}, by ${held.by} since ${held.since} (pid ${held.pid})`;
  if (state.releaseStatus === 'running') return `interrupted in ${state.phase}: its process is gone without a word`;
  return state.releaseStatus === 'halted' ? `halted in ${state.phase} (${state.phaseStatus})` : state.releaseStatus;
}

function lines(view: View): string[] {
  return [
    `${view.ticket}: ${view.stands}`,
    ...Object.entries(view.state)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => `  ${key}=${value}`),
    ...(view.deadline ? [`  deadline: ${view.deadline.said}`] : []),
    ...view.doubts.map((doubt) => `  doubt: ${doubt}`),
    ...(view.moved ? movedLines(view.moved).map((line) => `  notice: ${line}`) : []),
    ...(view.next.length > 0 ? ['Next:'] : []),
    ...view.next.map(({ command, what }) => `  ${command.padEnd(60)} # ${what}`),
  ];
}

const startOf = (entry: ReleaseEntry): string => entry.state?.timestamps.PREPARE_START ?? '';

const newest = (entries: ReleaseEntry[]): ReleaseEntry | undefined =>
  entries.toSorted((a, b) => (startOf(a) < startOf(b) ? -1 : 1)).at(-1);

if (import.meta.main) void enter(verb);
