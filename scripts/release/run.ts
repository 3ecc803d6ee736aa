// just release-run TICKET [BRANCH]: the four phases.
import { parseDuration } from '../model/deadline.ts';
import { badInput, EXIT } from '../model/error.ts';
import { checkBranch, checkServiceName, checkTicket } from '../model/names.ts';
import { PHASES, type Phase } from '../model/release.ts';
import type { Given, Usage } from './arguments.ts';
import { enter, type Verb } from './verb.ts';
import type { World } from './world.ts';

const usage: Usage = {
  verb: 'release-run',
  words: ['TICKET', '[BRANCH]'],
  what: 'Releases what is on origin: prepare, migrate, ticket scripts, verify.',
  flags: {
    from: { type: 'string', what: 'begin at the first step of prepare, migrate, ticket or verify' },
    resume: { type: 'boolean', what: 'go on where the journal says' },
    'dry-run': { type: 'boolean', what: 'print the plan; change nothing' },
    'skip-prepare': {
      type: 'boolean',
      what: 'no staging, no backups, no Advance: the checkout as it stands (needs --reason)',
    },
    'skip-migrate': { type: 'boolean', what: 'start nothing (needs --reason)' },
    'skip-ticket': { type: 'boolean', what: 'run no ticket script (needs --reason)' },
    'skip-verify': { type: 'boolean', what: 'look at nothing; ends unverified, exit 8 (needs --reason)' },
    reason: { type: 'string', what: 'why; goes to the log' },
    services: { type: 'string', what: 'a,b: release these as well, changed or not' },
    'ack-reverted': { type: 'string', what: 'a,b: release what these reverted tickets brought again' },
    'ack-breaking': {
      type: 'boolean',
      what: 'go on although the changelog says that something breaks; goes to the log',
    },
    'advance-only': { type: 'boolean', what: 'move the checkout where no service changed' },
    'accept-drift': { type: 'boolean', what: 'go on although files or .env changed (needs --reason)' },
    supersedes: { type: 'string', what: 'take over from this halted ticket (needs --reason)' },
    'auto-revert': {
      type: 'boolean',
      what: 'where it fails after its Advance: put everything back by itself (exit 6)',
    },
    'confirm-within': {
      type: 'string',
      what: 'once verified, put it back unless release-confirm comes within 10m (or 90s, 1h)',
    },
    detach: { type: 'boolean', what: 'do not wait for the confirmation: exit 10' },
    'force-allow-non-main': { type: 'boolean', what: 'release a branch that is not the configured one' },
    json: { type: 'boolean', what: 'events as NDJSON' },
  },
};

export interface RunRequest {
  ticket: string;
  branch: string | undefined;
  from: Phase | undefined;
  resume: boolean;
  skip: ReadonlySet<Phase>;
  services: string[];
  ackReverted: string[];
  supersedes: string | undefined;
  reason: string;
  confirmWithinMs: number | undefined;
}

/** @throws bad-input where flags do not go together, or a reason is missing. */
export function readRequest(given: Given): RunRequest {
  const [ticket = '', branch] = given.words;
  const from = given.value('from');
  const phase = PHASES.find((p) => p === from);
  if (from !== undefined && phase === undefined)
    throw badInput({ what: `--from=${from.slice(0, 40)} is no phase`, hint: `Phases are ${PHASES.join(', ')}.` });
  const skip = new Set(PHASES.filter((p) => given.has(`skip-${p}`)));
  const supersedes = given.value('supersedes');
  const reason = given.value('reason') ?? '';
  const audited = [
    ...[...skip].map((p) => `--skip-${p}`),
    ...(supersedes === undefined ? [] : ['--supersedes']),
    ...(given.has('accept-drift') ? ['--accept-drift'] : []),
  ];
  if (audited.length > 0 && reason.trim() === '')
    throw badInput({ what: `${audited.join(' and ')} needs --reason='...', which goes to the log` });
  const resuming = given.has('resume');
  if (resuming && from !== undefined)
    throw badInput({
      what: '--resume and --from exclude each other',
      hint: '--resume goes on where the journal says, --from=PHASE at the first step of a phase.',
    });
  const later = resuming || (phase !== undefined && phase !== 'prepare');
  for (const flag of ['services', 'supersedes', 'ack-reverted'] as const) {
    if (later && given.value(flag) !== undefined)
      throw badInput({
        what: `--${flag} belongs to the beginning of a release, not to ${resuming ? '--resume' : `--from=${phase}`}`,
      });
  }
  if (later && given.has('advance-only'))
    throw badInput({ what: `--advance-only belongs to the beginning of a release` });
  if (later && given.has('ack-breaking'))
    throw badInput({ what: `--ack-breaking belongs to the beginning of a release` });
  if (later && skip.has('prepare')) throw badInput({ what: '--skip-prepare belongs to the beginning of a release' });
  if (given.has('auto-revert') && skip.has('prepare'))
    throw badInput({ what: '--auto-revert needs the backups that --skip-prepare leaves out' });
  if (given.has('accept-drift') && !later)
    throw badInput({ what: '--accept-drift goes with --resume or --from=PHASE' });
  if (given.has('dry-run') && (later || skip.size > 0))
    throw badInput({
      what: '--dry-run shows the plan of a whole new release; it goes with no --resume, --from or --skip',
    });
  const within = given.value('confirm-within');
  const confirmWithinMs = within === undefined ? undefined : parseDuration(within);
  if (within !== undefined && confirmWithinMs === undefined)
    throw badInput({
      what: `--confirm-within=${within.slice(0, 40)} is no time`,
      hint: 'A time is a number and its unit: 90s, 10m, 1h.',
    });
  const blind = within === undefined ? undefined : (['prepare', 'verify'] as const).find((each) => skip.has(each));
  if (blind !== undefined) throw badInput({ what: `--confirm-within needs what --skip-${blind} leaves out` });
  const services = (given.value('services') ?? '')
    .split(',')
    .filter((s) => s !== '')
    .map(checkServiceName);
  if (given.value('services') !== undefined && services.length === 0)
    throw badInput({ what: '--services names no service', hint: 'Several are separated by commas: --services=a,b' });
  return {
    ticket: checkTicket(ticket),
    branch: branch === undefined ? undefined : checkBranch(branch),
    from: phase,
    resume: resuming,
    skip,
    services: [...new Set(services)],
    ackReverted: (given.value('ack-reverted') ?? '').split(',').filter(Boolean).map(checkTicket),
    supersedes: supersedes === undefined ? undefined : checkTicket(supersedes),
    reason,
    confirmWithinMs,
  };
}

export const verb: Verb = {
  usage,
  mutating: true,
  check: (given) => void readRequest(given),
  run,
};

async function run(given: Given, world: World): Promise<number> {
  const { awaitVerdict, begin, dryRun, locked, performOrRevert, resume } = await import('./whole.ts');
  const request = readRequest(given);
  const { ticket, reason, skip, from } = request;
  const json = given.has('json');
  const autoRevert = given.has('auto-revert');
  if (given.has('dry-run')) {
    return await dryRun(world, {
      ticket,
      branch: request.branch,
      allowNonMain: given.has('force-allow-non-main'),
      services: request.services,
      ackReverted: request.ackReverted,
      ackBreaking: given.has('ack-breaking'),
      advanceOnly: given.has('advance-only'),
      supersedes: request.supersedes,
      confirmWithinMs: request.confirmWithinMs,
      json,
    });
  }
  const code = await locked(world, ticket, `release-run ${ticket}`, async (context, lock) => {
    const later = request.resume || (from !== undefined && from !== 'prepare');
    if (later) {
      const { session, log } = await resume(context, lock, {
        ticket,
        from,
        skip,
        acceptDrift: given.has('accept-drift'),
        reason,
        confirmWithinMs: request.confirmWithinMs,
        json,
      });
      const start = from === undefined ? ({ kind: 'due' } as const) : ({ kind: 'phase', phase: from } as const);
      return await performOrRevert(session, log, { from: start, skip, reason }, autoRevert);
    }
    const { session, log } = await begin(context, lock, {
      ticket,
      branch: request.branch,
      allowNonMain: given.has('force-allow-non-main'),
      services: request.services,
      ackReverted: request.ackReverted,
      ackBreaking: given.has('ack-breaking'),
      advanceOnly: given.has('advance-only'),
      supersedes: request.supersedes,
      reason,
      skip,
      confirmWithinMs: request.confirmWithinMs,
      json,
    });
    return await performOrRevert(session, log, { from: { kind: 'due' }, skip, reason }, autoRevert);
  });
  return code === EXIT.awaiting && !given.has('detach') ? await awaitVerdict(world, ticket, json) : code;
}

if (import.meta.main) void enter(verb);
