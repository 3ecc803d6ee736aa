// Whether a failure is one that a playbook knows: first by what was said, then by a look at the host.
import { cleanEnvironment } from '../host/environment.ts';
import type { Host } from '../host/port.ts';
import type { Case } from './case.ts';
import { fillWords } from './fill.ts';
import { firstMatch } from './pattern.ts';
import type { Playbook, Sign } from './playbook.ts';

const COMMAND_MS = 2_000;
const MAX_BYTES = 64 * 1024;

/** All signs have to hold, in their order. @returns what `{name}`s stand for; undefined: it is another failure. Never throws for a command that does not run. */
export async function detect(
  host: Host,
  playbook: Playbook,
  seen: Case,
  signal: AbortSignal,
): Promise<Record<string, string> | undefined> {
  let values: Record<string, string> = { ...seen.values };
  // Words are cheap, commands are not.
  const signs = playbook.detection.toSorted(
    (a, b) => Number(a.command !== undefined) - Number(b.command !== undefined),
  );
  for (const sign of signs) {
    const found = sign.command === undefined ? inWords(sign, seen) : await onHost(host, sign, values, seen, signal);
    if (found === undefined) return undefined;
    values = { ...values, ...found };
  }
  return values;
}

function inWords(sign: Sign, seen: Case): Record<string, string> | undefined {
  if (sign.log !== undefined) return firstMatch(sign.log, seen.log);
  return firstMatch(sign.output ?? '', [...seen.output, ...seen.log]);
}

async function onHost(
  host: Host,
  sign: Sign,
  values: Readonly<Record<string, string>>,
  seen: Case,
  signal: AbortSignal,
): Promise<Record<string, string> | undefined> {
  const argv = fillWords(sign.command ?? [], values);
  const [program = ''] = argv ?? [];
  if (argv === undefined || host.exec.which(program) === undefined) return undefined;
  const result = await host.exec.run(argv, {
    cwd: seen.values.root ?? '/',
    env: { ...cleanEnvironment(host.machine.env), LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
    timeoutMs: COMMAND_MS,
    graceMs: 200,
    maxStdoutBytes: MAX_BYTES,
    truncate: true,
    signal,
  });
  if (sign.exit !== undefined && result.code !== sign.exit) return undefined;
  return sign.shows === undefined ? {} : firstMatch(sign.shows, [...result.stdout.split('\n'), ...result.tail]);
}
