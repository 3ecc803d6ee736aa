// What the playbooks know of a failure: of an error that was just thrown, or of the records of a release.
import { join } from 'node:path';
import { parse } from 'dotenv';
import { secretsOf } from '../host/mask.ts';
import { hostPaths, type TicketPaths, ticketPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { readLog } from '../journal/log.ts';
import { type ErrorFacts, messageOf, ReleaseError } from '../model/error.ts';
import type { ReleaseState } from '../model/release.ts';
import type { Case } from '../playbooks/case.ts';
import { type Known, knownFailures } from '../playbooks/known.ts';
import { PLAYBOOKS } from '../playbooks/read.ts';

const EVENTS = 200;
const OUTPUT_BYTES = 64 * 1024;
const OUTPUT_LINES = 400;
const OUTPUTS = 2;
const WORDS = 'failure.txt';

/** @returns a notice where they cannot be kept: that is no second failure. */
export function keepWords(host: Host, { records }: TicketPaths, lines: readonly string[]): string[] {
  try {
    host.files.replace(join(records, WORDS), `${lines.join('\n')}\n`);
    return [];
  } catch (error) {
    return [`${join(records, WORDS)} was not written: ${messageOf(error)}`];
  }
}

export interface FailedRelease {
  ticket: string;
  state?: ReleaseState;
}

export interface Place {
  host: Host;
  /** The engine's folder: a frozen copy has its own playbooks, which count here. */
  engine: string;
  root: string | undefined;
}

/** Where playbooks are: the engine's, and the host repository's own. */
export function playbookFolders({ host, engine, root }: Place): string[] {
  const own = join(engine, PLAYBOOKS);
  if (root === undefined) return [own];
  const frozen = join(hostPaths(root, engine, '').engines, host.own.engineHash, PLAYBOOKS);
  return [host.files.stat(frozen) === undefined ? own : frozen, join(root, PLAYBOOKS)];
}

/** @param error what was thrown, if anything. @param release its records are looked into, too. Never throws. */
export async function knownOf(place: Place, error: unknown, release?: FailedRelease): Promise<Known> {
  try {
    const { host, root } = place;
    const text = root === undefined ? undefined : host.files.readText(join(root, '.env'), { follow: true });
    const secrets = secretsOf(parse(text ?? ''));
    return await knownFailures(host, playbookFolders(place), caseOf(place, error, release), secrets);
  } catch (unknown) {
    return { failures: [], notices: [`The playbooks could not be looked through: ${messageOf(unknown)}`] };
  }
}

function caseOf({ host, engine, root }: Place, error: unknown, release: FailedRelease | undefined): Case {
  const facts: ErrorFacts | undefined = error instanceof ReleaseError ? error.facts : undefined;
  const seen: Case = { values: root === undefined ? {} : { root }, log: [], output: [] };
  if (error !== undefined) {
    seen.log.push(
      ...(facts === undefined ? [messageOf(error)] : [facts.what, facts.where ?? '', ...[facts.hint ?? []].flat()]),
    );
    seen.log.push(...(facts?.details ?? []));
    seen.output.push(...(facts?.details ?? []));
    Object.assign(seen.values, placeOf(facts?.where));
  }
  if (facts?.outputFile !== undefined) seen.output.push(...tail(host, facts.outputFile));
  if (release !== undefined && root !== undefined)
    addRecords(host, hostPaths(root, engine, '.asd/workspace/backups'), release, seen);
  return seen;
}

/** `service alpha, phase migrate, step healthy; ...` */
function placeOf(where = ''): Case['values'] {
  const one = (name: string) => new RegExp(`\\b${name} ([A-Za-z0-9_.-]+)`).exec(where)?.[1];
  const [service, phase, step] = [one('service'), one('phase'), one('step')];
  return { ...(service ? { service } : {}), ...(phase ? { phase } : {}), ...(step ? { step } : {}) };
}

function addRecords(
  host: Host,
  paths: ReturnType<typeof hostPaths>,
  { ticket, state }: FailedRelease,
  seen: Case,
): void {
  const files = ticketPaths(paths, ticket);
  const { events } = readLog(host, files.log);
  const begins = events.findLastIndex(({ event }) => event === 'start' || event === 'resumed');
  const last = events.slice(Math.max(0, begins)).slice(-EVENTS);
  seen.log.push(
    ...last.map(({ phase, event, fields }) =>
      [phase, event, ...Object.entries(fields).map(([key, value]) => `${key}=${value}`)].join(' '),
    ),
  );
  seen.log.push(...last.flatMap(({ fields }) => (fields.reason === undefined ? [] : [fields.reason])));
  const failed = last.find(({ event }) => event === 'step-failed');
  seen.values = {
    ticket,
    ...(state === undefined
      ? {}
      : { phase: state.phase, branch: state.branch, base: state.baseSha, target: state.targetSha }),
    ...(failed?.fields.service === undefined ? {} : { service: failed.fields.service }),
    ...(failed?.fields.step === undefined ? {} : { step: failed.fields.step }),
    ...seen.values,
  };
  // What was printed in an earlier failure says nothing of this one.
  if (seen.output.length > 0 || !last.some(({ event }) => event === 'failed')) return;
  seen.output.push(...tail(host, join(files.records, WORDS)));
  for (const file of outputs(host, files.records, seen.values.service)) seen.output.push(...tail(host, file));
}

/** The newest captured outputs of the service. */
function outputs(host: Host, folder: string, service: string | undefined): string[] {
  return host.files
    .list(folder)
    .filter((name) => name.endsWith('.out') && (service === undefined || name.split('.').includes(service)))
    .map((name) => ({ file: join(folder, name), at: host.files.stat(join(folder, name))?.mtimeMs ?? 0 }))
    .sort((a, b) => b.at - a.at)
    .slice(0, OUTPUTS)
    .map(({ file }) => file);
}

function tail(host: Host, file: string): string[] {
  const stat = host.files.stat(file);
  if (stat?.kind !== 'file') return [];
  const bytes = host.files.readRange(file, Math.max(0, stat.size - OUTPUT_BYTES), OUTPUT_BYTES);
  return new TextDecoder().decode(bytes).split('\n').slice(-OUTPUT_LINES);
}
