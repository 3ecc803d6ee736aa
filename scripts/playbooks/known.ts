// From a failure to what is known about it. Whatever goes wrong in here, the failure itself is not made worse.
import { makeMasker } from '../host/mask.ts';
import type { Host } from '../host/port.ts';
import { messageOf } from '../model/error.ts';
import type { Case } from './case.ts';
import { detect } from './detect.ts';
import { fillCommand, fillText } from './fill.ts';
import type { Playbook } from './playbook.ts';
import { readPlaybooks } from './read.ts';

export interface KnownFailure {
  id: string;
  symptom: string;
  cause: string;
  /** In order. `run` is one line for a shell. */
  fix: Array<{ do: string; run?: string }>;
  verify: Array<{ run: string; shows: string }>;
}

export interface Known {
  failures: KnownFailure[];
  notices: string[];
}

/** A revert may wait for it. */
const ALL_MS = 4_000;
const MOST = 3;

/** @param secrets are shown nowhere. Never throws, and takes four seconds at most. */
export async function knownFailures(
  host: Host,
  folders: readonly string[],
  seen: Case,
  secrets: readonly string[],
): Promise<Known> {
  const over = new AbortController();
  try {
    const late = host.clock
      .sleep(ALL_MS, over.signal)
      .then((): Known => ({ failures: [], notices: ['The playbooks took too long.'] }));
    return masked(await Promise.race([search(host, folders, seen, over.signal), late]), secrets);
  } catch (error) {
    return { failures: [], notices: [`The playbooks could not be looked through: ${messageOf(error)}`] };
  } finally {
    over.abort();
  }
}

async function search(host: Host, folders: readonly string[], seen: Case, signal: AbortSignal): Promise<Known> {
  const { playbooks, problems } = readPlaybooks(host, folders);
  const notices =
    problems.length === 0 ? [] : [`${problems.length} problems in playbooks, which are left out: ${problems[0]}`];
  const found = await Promise.all(
    playbooks.map(async (playbook) => {
      try {
        const values = await detect(host, playbook, seen, signal);
        return values === undefined ? [] : [describe(playbook, values)];
      } catch (error) {
        notices.push(`The playbook ${playbook.id} could not be tried: ${messageOf(error)}`);
        return [];
      }
    }),
  );
  return { failures: found.flat().slice(0, MOST), notices };
}

/** A command with something in it that this case does not tell is left out; its words stay. */
function describe(playbook: Playbook, values: Readonly<Record<string, string>>): KnownFailure {
  const fix = playbook.fix.map((step) => {
    const run = step.run === undefined ? undefined : fillCommand(step.run, values);
    return { do: fillText(step.do, values), ...(run === undefined ? {} : { run }) };
  });
  const verify = playbook.verify.flatMap(({ run, shows }) => {
    const line = fillCommand(run, values);
    return line === undefined ? [] : [{ run: line, shows: fillText(shows, values) }];
  });
  return { id: playbook.id, symptom: playbook.symptom, cause: playbook.root_cause.trim(), fix, verify };
}

function masked(known: Known, secrets: readonly string[]): Known {
  if (secrets.length === 0) return known;
  const masker = makeMasker(secrets);
  return JSON.parse(JSON.stringify(known), (_, value: unknown) =>
    typeof value === 'string' ? masker.push(value) + masker.flush() : value,
  ) as Known;
}

/** As lines for an operator, in the place where commands that come next are printed. */
export function knownLines({ failures, notices }: Known): string[] {
  const lines = failures.flatMap(({ id, symptom, cause, fix, verify }) => [
    '',
    `Known failure ${id}: ${symptom}`,
    ...cause.split('\n').map((line) => `  ${line.trim()}`),
    ...fix.flatMap(({ do: what, run }, at) => [
      `  ${at + 1}. ${what}`,
      ...(run === undefined ? [] : [`       ${run}`]),
    ]),
    ...verify.map(({ run, shows }) => `  then: ${run}   # shows: ${shows}`),
  ]);
  return [...lines, ...notices.map((notice) => `Notice: ${notice}`)];
}
