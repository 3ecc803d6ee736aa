import { expect, test } from 'bun:test';
import { ReleaseError } from '../model/error.ts';
import { HelpAsked, parseArguments, type Usage } from './arguments.ts';
import { readRequest, verb } from './run.ts';

const usage: Usage = verb.usage;
const parse = (...args: string[]) => parseArguments(usage, args);
const request = (...args: string[]) => readRequest(parse(...args));

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    expect(error.exitCode).toBe(2);
    return [error.message, error.facts.hint].flat().join('\n');
  }
  throw new Error('nothing was thrown');
}

test('words and flags in any order, untouched', () => {
  const given = parse('--json', '1234', '--reason=a "b" $(c)', 'main', '--services', 'a,b');
  expect(given.words).toEqual(['1234', 'main']);
  expect([given.has('json'), given.has('resume'), given.value('reason'), given.value('from')]).toEqual([
    true,
    false,
    'a "b" $(c)',
    undefined,
  ]);
});

const unknown: Array<[flag: string, meant: string]> = [
  ['--form=verify', 'from'],
  ['--resum', 'resume'],
  ['--dryrun', 'dry-run'],
  ['--superseeds=1', 'supersedes'],
  ['--skip-verfy', 'skip-verify'],
  ['--service=a', 'services'],
];
for (const [flag, meant] of unknown) {
  test(`${flag} is refused, and --${meant} suggested`, () => {
    expect(refusal(() => parse('1', flag))).toContain(`(did you mean --${meant}?)`);
  });
}

test('a flag that resembles none is refused with all that there are', () => {
  const said = refusal(() => parse('1', '--quux'));
  expect(said).toContain('There is no flag --quux');
  expect(said).not.toContain('did you mean');
  for (const flag of Object.keys(usage.flags)) expect(said).toContain(`--${flag}`);
});

test('words that are missing, too many or no tickets', () => {
  expect(refusal(() => parse())).toContain('release-run needs TICKET');
  expect(refusal(() => parse('1', 'main', 'more'))).toContain('does not know what to do with "more"');
  for (const ticket of ['../x', 'a; rm -rf x', '', 'a'.repeat(65), '1.lock']) refusal(() => request(ticket));
  expect(refusal(() => parse('-x'))).toContain('There is no flag --x');
  expect(refusal(() => request('1', '-- bad'))).toContain('flag');
  expect(refusal(() => request('1', 'a..b'))).toContain('not a branch name');
});

test('values: one that is missing, empty, superfluous or with a NUL', () => {
  expect(refusal(() => parse('1', '--from'))).toContain("'--from <value>' argument missing");
  expect(refusal(() => parse('1', '--from='))).toContain('--from needs a value');
  expect(refusal(() => parse('1', '--json=yes'))).toContain('does not take an argument');
  expect(refusal(() => parse('1', '--reason=a\0b'))).toContain('NUL');
});

test('--help is no refusal', () => {
  expect(() => parse('1', '--help')).toThrow(HelpAsked);
});

const together: Array<[args: string[], said: string]> = [
  [['--resume', '--from=verify'], 'exclude each other'],
  [['--from=verfy'], 'is no phase'],
  [['--resume', '--services=a'], '--services belongs to the beginning'],
  [['--from=migrate', '--supersedes=2', '--reason=x'], '--supersedes belongs to the beginning'],
  [['--resume', '--advance-only'], '--advance-only belongs to the beginning'],
  [['--resume', '--skip-prepare', '--reason=x'], '--skip-prepare belongs to the beginning'],
  [['--accept-drift', '--reason=x'], 'goes with --resume or --from=PHASE'],
  [['--resume', '--accept-drift'], "--accept-drift needs --reason='...'"],
  [['--skip-verify', '--skip-ticket'], "--skip-ticket and --skip-verify needs --reason='...'"],
  [['--skip-verify', '--reason=  '], '--reason'],
  [['--supersedes=2'], '--supersedes needs --reason'],
  [['--supersedes=../2', '--reason=x'], 'is not a ticket'],
  [['--dry-run', '--resume'], '--dry-run shows the plan of a whole new release'],
  [['--services=Up'], 'is not a service name'],
  [['--services=,'], '--services names no service'],
];
for (const [args, said] of together) {
  test(`refused: ${args.join(' ')}`, () => {
    expect(refusal(() => request('1', ...args))).toContain(said);
  });
}

test('a request', () => {
  const skip = new Set(['ticket', 'verify']);
  expect(request('1', 'hotfix', '--services=b,a,b', '--skip-ticket', '--skip-verify', '--reason=why')).toEqual({
    ticket: '1',
    branch: 'hotfix',
    from: undefined,
    resume: false,
    skip: skip as never,
    services: ['b', 'a'],
    ackReverted: [],
    supersedes: undefined,
    reason: 'why',
    confirmWithinMs: undefined,
  });
});
