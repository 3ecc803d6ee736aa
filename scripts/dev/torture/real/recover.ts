// After a real disturbance: the host is looked at without the engine's code, gone on with, and gone back from; each from the same copy.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun, type Result } from '../../../../tests/scenarios/harness/process.ts';
import { type RealHost, T } from './host.ts';

/** What a host is kept in, by name: a folder, an image of a file system. */
export interface Copies {
  save(name: string): Promise<void>;
  load(name: string): Promise<void>;
}

type Look = Record<string, string>;

interface Expected {
  before: Look;
  after: Look;
}

const LOOK = `
cd "$1"
git rev-parse 'HEAD^{tree}' 'refs/asd/deployed^{tree}' | tr '\\n' ' '; echo
git symbolic-ref HEAD; git ls-files --stage | sha256sum; git status --porcelain | tr '\\n' ' '; echo
sha256sum < .env; ls data | tr '\\n' ' '; cat data/value
git -C "$2" rev-parse 'main^{tree}'
`;
const WHAT = ['trees', 'branch', 'index', 'status', 'env', 'data', 'remote'];
const LEFT = `
cd "$1"
git worktree list --porcelain | grep -c ^worktree; find .git -name '*.lock'; ls -A .asd/workspace/stage 2>/dev/null
`;

/** What counts, read with git and the shell alone. */
export async function lookAt({ prod, origin, env }: RealHost): Promise<Look> {
  const lines = (await mustRun(['sh', '-c', `{ ${LOOK} } 2>&1`, 'sh', prod, origin], '/', env)).split('\n');
  return Object.fromEntries(WHAT.map((name, at) => [name, lines[at] ?? '']));
}

/** @returns what differs, in words. */
export const differences = (wanted: Look, found: Look, without: readonly string[] = []): string[] =>
  Object.entries(wanted)
    .filter(([name, value]) => found[name] !== value && !without.includes(name))
    .map(([name, value]) => `${name} is ${found[name]} instead of ${value}`);

/** Makes copies of the host before its release (`begin`) and after it (`done`), and says how both look. */
export async function prepare(host: RealHost, copies: Copies): Promise<Expected> {
  await copies.save('begin');
  const before = await lookAt(host);
  const ended = await host.run('release-run', T);
  if (ended.code !== 0) throw new Error(`release-run exited ${ended.code}: ${ended.text}`);
  await copies.save('done');
  return { before, after: await lookAt(host) };
}

/** What an operator must never see. */
export function unsaid({ code, text }: Result): string | undefined {
  const bad = /Belay itself failed.*|^ +at .*:\d+:\d+\)?$|\bpanic\b.*|Segmentation fault/m.exec(text)?.[0];
  if (bad !== undefined)
    return `no sentence (exit ${code}): ${text.slice(Math.max(0, text.indexOf(bad) - 80)).slice(0, 700)}`;
  return code === 0 || text.trim() !== '' ? undefined : `exit ${code} without a word`;
}

const tail = ({ code, text }: Result): string => `exit ${code} | ${text.trim().split('\n').slice(-6).join(' | ')}`;

/** A look tells, and what it tells is so. */
async function told(host: RealHost, { after }: Expected): Promise<string | undefined> {
  const ended = await host.look('state', T, '--json');
  // 4: there is no release to tell of yet.
  if (ended.code === 4) return undefined;
  if (ended.code !== 0) return `release-state: ${tail(ended)}`;
  const { stands } = JSON.parse(ended.stdout) as { stands: string };
  const left = stands === 'released' ? differences(after, await lookAt(host)) : [];
  return left.length === 0 ? undefined : `release-state says released, but ${left.join('; ')}`;
}

async function leftovers({ prod, env }: RealHost): Promise<string[]> {
  const found = await mustRun(['sh', '-c', `{ ${LEFT} } || true`, 'sh', prod], '/', env);
  return found === '1' ? [] : [`left: ${found.replaceAll('\n', ' ')}`];
}

async function forward(host: RealHost, { after }: Expected): Promise<string | undefined> {
  let last: Result | undefined;
  let left: string[] = [];
  // Nothing to resume where it was refused before it began; nothing to begin where it was over.
  for (const args of [[T, '--resume'], [T]]) {
    last = await host.run('release-run', ...args);
    const words = unsaid(last);
    if (words !== undefined) return words;
    left = [...differences(after, await lookAt(host)), ...(await leftovers(host))];
    if (left.length === 0) return undefined;
  }
  return `${left.join('; ')} | ${last === undefined ? '' : tail(last)}`;
}

function readState({ prod }: RealHost): string {
  const path = join(prod, `.asd/workspace/releases/${T}.env`);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** @param pushed the revert has to be on the remote, too: the release had moved the checkout. */
async function back(host: RealHost, { before }: Expected, pushed: boolean): Promise<string | undefined> {
  let ended = await host.run('release-revert', T);
  // A push that did not go through is gone on with by the same command.
  if (ended.code === 9) ended = await host.run('release-revert', T);
  const words = unsaid(ended);
  if (words !== undefined) return words;
  const refused = ended.code === 4 || ended.code === 5;
  const wanted = { ...before, remote: before.trees?.split(' ')[0] ?? '' };
  // What a killed look left in folders of its own goes with the next command that does something.
  const left = [
    ...differences(wanted, await lookAt(host), pushed ? [] : ['remote']),
    ...(refused ? [] : await leftovers(host)),
  ];
  return left.length === 0 && (ended.code === 0 || refused) ? undefined : `${left.join('; ')} | ${tail(ended)}`;
}

/**
 * @param ended of what was disturbed; undefined where nobody was left to say anything.
 * @param of the command that was disturbed: a revert is gone on with by the same command.
 * @returns what is wrong, or undefined.
 */
export async function recover(
  host: RealHost,
  copies: Copies,
  expected: Expected,
  ended: Result | undefined,
  of: 'release-run' | 'release-revert' = 'release-run',
): Promise<string | undefined> {
  const words = ended === undefined ? undefined : unsaid(ended);
  if (words !== undefined) return words;
  const found = await lookAt(host);
  if (ended?.code === 0) {
    const left = differences(of === 'release-run' ? expected.after : expected.before, found, ['remote']);
    if (left.length > 0) return `exit 0, but ${left.join('; ')}`;
  }
  const lie = await told(host, expected);
  if (lie !== undefined) return lie;
  if (of === 'release-revert') {
    const left = await back(host, expected, true);
    return left === undefined ? undefined : `again: ${left}`;
  }
  await copies.save('struck');
  const on = await forward(host, expected);
  if (on !== undefined) return `forward: ${on}`;
  await copies.load('struck');
  // An Advance that never came to its end is taken back here alone: nothing of it is anybody else's.
  const advanced = /^MERGE_SHA="?[0-9a-f]{40}/m.test(readState(host));
  const left = await back(host, expected, advanced);
  return left === undefined ? undefined : `back: ${left}`;
}
