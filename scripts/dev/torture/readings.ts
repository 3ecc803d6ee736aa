// How each kind of file is read, and what would be a wrong answer for one that is not as it was written.
import { parse } from 'dotenv';
import { mergeEnv } from '../../backups/config/merge-env.ts';
import { readRecord } from '../../backups/record.ts';
import { maskText, secretsOf } from '../../host/mask.ts';
import { hostPaths, ticketPaths } from '../../host/paths.ts';
import { readGuard } from '../../journal/guard.ts';
import { readHolder } from '../../journal/lock.ts';
import { readPlan } from '../../journal/plan-file.ts';
import { readReceipt } from '../../journal/receipt.ts';
import { readRelease } from '../../journal/records.ts';
import { readYaml } from '../../manifest/document.ts';
import { glance } from '../../manifest/glance.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { isPlain } from '../../manifest/plain.ts';
import { parseReleaseConfig } from '../../manifest/release-config.ts';
import { readSimple } from '../../manifest/simple.ts';
import { ReleaseError } from '../../model/error.ts';
import { parsePlaybook } from '../../playbooks/playbook.ts';
import { T } from './hosts.ts';
import { readHost } from './read-host.ts';
import type { Kind, Specimen } from './specimens.ts';

/** @returns what is wrong with the answer. @throws ReleaseError where the file is refused, which is no wrong answer. */
type Reading = (bytes: Uint8Array, of: Specimen) => string | undefined;

const PATHS = hostPaths('/host', '/engine', '.asd/workspace/backups');
const FILES = ticketPaths(PATHS, T);
const GUARD = `${PATHS.guard}/${T}`;
const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
const hostWith = (...files: Array<[string, Uint8Array]>) => readHost(new Map(files));
const say = (value: unknown): string => JSON.stringify(value)?.slice(0, 300) ?? 'undefined';

/** What the unchanged file says, read once. */
const asWritten = new WeakMap<Specimen, unknown>();

function original<T>(of: Specimen, read: (bytes: Uint8Array) => T): T {
  if (!asWritten.has(of)) asWritten.set(of, read(of.bytes));
  return asWritten.get(of) as T;
}

/** A sentence that a reader collects instead of throwing it. */
function sentence(problem: ReleaseError | undefined): string | undefined {
  if (problem !== undefined && (!(problem instanceof ReleaseError) || problem.facts.what === '')) return 'no sentence';
  return undefined;
}

/** A record of JSON that was sealed: it is refused, or it says what it said. */
const sealedReading =
  (read: (bytes: Uint8Array) => unknown): Reading =>
  (bytes, of) => {
    const value = read(bytes);
    // Whoever takes the sum out says that it is an older engine's.
    if (!textOf(bytes).includes('"sum": "')) return undefined;
    return Bun.deepEquals(value, original(of, read)) ? undefined : `read as ${say(value)}`;
  };

export const READINGS: Record<Kind, Reading> = {
  manifest(bytes) {
    const text = textOf(bytes);
    const wrong = simpleAgrees(text);
    if (wrong !== undefined) return wrong;
    const folder = /^name: *['"]?([a-z0-9_-]+)/m.exec(text)?.[1] ?? 'x';
    const { manifest } = parseManifest(text, { file: 'f', folder });
    const seen = glance(text);
    const same =
      seen === undefined ||
      (seen.name === manifest.name &&
        seen.status === manifest.installation &&
        Bun.deepEquals(seen.watch, manifest.release.watch));
    return same ? undefined : `at a glance ${say(seen)}, parsed ${say([manifest.name, manifest.installation])}`;
  },
  'release.yaml'(bytes) {
    const { config } = parseReleaseConfig(textOf(bytes), 'f');
    return config.concurrency >= 1 && config.branch !== '' ? undefined : `accepted ${say(config)}`;
  },
  playbook(bytes) {
    const { playbook, problems } = parsePlaybook(textOf(bytes), 'f');
    return playbook === undefined && problems.length === 0 ? 'neither a playbook nor a problem' : undefined;
  },
  '.env'(bytes, { bytes: written }) {
    const [now, before] = [textOf(bytes), textOf(written)];
    const [values, old] = [parse(now), parse(before)];
    const shown = maskText(Object.values(values).join('\n'), secretsOf(values));
    const secret = secretsOf(values).find((value) => shown.includes(value));
    if (secret !== undefined) return `the secret ${say(secret)} is shown`;
    // What the release left is what is there now: all of it goes back.
    const { text, restored, kept } = mergeEnv(before, now, values);
    const merged = parse(text);
    const differs = (name: string, from: Record<string, string>) =>
      (Object.hasOwn(merged, name) ? merged[name] : undefined) !== (Object.hasOwn(from, name) ? from[name] : undefined);
    const wrong = [...restored.filter((name) => differs(name, old)), ...kept.filter((name) => differs(name, values))];
    return wrong.length === 0 ? undefined : `put back wrongly: ${wrong.join(' ')}: ${say(text)}`;
  },
  state(bytes, of) {
    const read = (state: Uint8Array) =>
      readRelease(hostWith([FILES.state, state], [FILES.log, of.beside ?? new Uint8Array()]), FILES, T);
    const [was, is] = [original(of, read), read(bytes)];
    if (!Bun.deepEquals(is.state, was.state)) return `the state is ${say(is.state)}`;
    if (is.verdict === 'unreadable') return is.problem === undefined ? 'no sentence' : sentence(is.problem);
    if (is.verdict === 'edited') return is.differences.length > 0 ? undefined : 'a difference that is not named';
    return is.verdict === 'same' || is.verdict === 'rebuilt' ? undefined : is.verdict;
  },
  log(bytes, { bytes: written, beside = new Uint8Array() }) {
    const is = readRelease(hostWith([FILES.state, beside], [FILES.log, bytes]), FILES, T);
    if (Bun.deepEquals(bytes, written)) return is.verdict === 'same' ? undefined : is.verdict;
    if (is.problem !== undefined) return sentence(is.problem);
    const line = firstChanged(written, bytes);
    if (is.broken !== undefined && is.broken.line !== line) return `line ${line} changed, ${is.broken.line} is named`;
    if (is.broken !== undefined || is.torn !== undefined) return undefined;
    // Cut between two lines: only the state file can tell.
    const known = ['edited', 'file-only'].includes(is.verdict) && is.differences.length > 0;
    return known ? undefined : `nothing is named: ${is.verdict}`;
  },
  receipt: sealedReading((bytes) => readReceipt(hostWith([FILES.receipt, bytes]), FILES.receipt)),
  plan: sealedReading((bytes) => readPlan(hostWith([FILES.plan, bytes]), FILES.plan)),
  'backup.json'(bytes, of) {
    const read = (content: Uint8Array) => readRecord(hostWith(['/b/backup.json', content]), '/b');
    const value = read(bytes);
    return Bun.deepEquals(value, original(of, read)) ? undefined : `read as ${say(value)}`;
  },
  armed(bytes, of) {
    const read = (content: Uint8Array) => readGuard(hostWith([`${GUARD}/armed.json`, content]), PATHS, T);
    const guard = read(bytes);
    if (guard?.armed === undefined) return guard?.problem ? undefined : 'no deadline, and no word why';
    if (!textOf(bytes).includes('"sum": "')) return undefined;
    return Bun.deepEquals(guard.armed, original(of, read)?.armed) ? undefined : `armed as ${say(guard.armed)}`;
  },
  verdict(bytes, of) {
    const read = (content: Uint8Array) => readGuard(hostWith([`${GUARD}/verdict.json`, content]), PATHS, T)?.verdict;
    const verdict = read(bytes);
    if (verdict === undefined) return 'a verdict that is there is none';
    if (verdict.cause === 'unreadable' || !textOf(bytes).includes('"sum": "')) return undefined;
    return Bun.deepEquals(verdict, original(of, read)) ? undefined : `decided as ${say(verdict)}`;
  },
  lock(bytes) {
    const holder = readHolder(hostWith([PATHS.lock, bytes]), PATHS);
    return holder === undefined || (holder.pid === 7 && holder.startTime === '70')
      ? undefined
      : `held by ${say(holder)}`;
  },
};

/** The quick reader of plain YAML says what the whole one says, or nothing. */
function simpleAgrees(text: string): string | undefined {
  const simple = readSimple(text);
  if (simple === undefined) return undefined;
  const exact = (value: unknown): string =>
    JSON.stringify(value, (_, one) =>
      one === undefined ? ['absent'] : isPlain(one) ? ['plain', one.text, String(one.value)] : one,
    );
  const { value, problems } = readYaml(text, 'f', () => true);
  return problems.length === 0 && exact(value) === exact(simple) ? undefined : `read quickly as ${exact(simple)}`;
}

/** The line (from 1) of the first byte that differs. */
function firstChanged(written: Uint8Array, changed: Uint8Array): number {
  let at = 0;
  while (at < written.length && written[at] === changed[at]) at += 1;
  return written.subarray(0, at).reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 1);
}
