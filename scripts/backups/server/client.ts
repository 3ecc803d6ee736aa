// A database's own client programs, run in its container. Names and passwords go by the environment, never by arguments.
import { cleanEnvironment } from '../../host/environment.ts';
import type { RunOptions, RunResult } from '../../host/port.ts';
import { type ErrorFacts, type ReleaseError, refused, stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile } from '../kind.ts';
import { shellWord } from '../shell.ts';
import type { DatabaseServer } from './find.ts';

export interface Client {
  server: DatabaseServer;
  /** The argv that runs a command in the container. */
  inside(...command: string[]): string[];
  options: RunOptions;
}

/** What a kind's prelude reads: `ASD_USER`, `ASD_PASSWORD`, and `ASD_PASSWORD_FROM`, the name of a variable of the container. */
const VARIABLES = ['ASD_USER', 'ASD_PASSWORD', 'ASD_PASSWORD_FROM'] as const;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** docker exec passes a variable that is named without a value as our own environment has it. */
const execWords = (container: string, prelude: string): string[] => [
  'docker',
  'exec',
  '-i',
  ...VARIABLES.flatMap((name) => ['-e', name]),
  container,
  'sh',
  '-c',
  prelude,
  'sh',
];

/** The password: `.env` has it under the manifest's name, or the container has, or the prelude finds what the image was started with. */
function credentials(context: BackupContext, server: DatabaseServer): Record<string, string> {
  const { database } = context.service;
  const user = database?.user === undefined ? {} : { ASD_USER: database.user };
  const from = database?.passwordEnv;
  if (from === undefined) return user;
  const value = context.env[from];
  if (value !== undefined) return { ...user, ASD_PASSWORD: value };
  if (NAME.test(from) && server.variables.includes(from)) return { ...user, ASD_PASSWORD_FROM: from };
  throw refused({
    what: `the password of the database is in neither .env nor the container ${server.name}: there is no ${from}`,
    where: `packages/${context.service.name}/manifest.yaml, database.password_env`,
    hint: `Put ${from}=... into .env, or name the variable that has it.`,
  });
}

/** @param prelude sh that ends in `exec "$@"` or the like. @throws refused where the password is nowhere. */
export function clientOf(context: BackupContext, server: DatabaseServer, prelude: string): Client {
  const given = credentials(context, server);
  const secrets = [...context.secrets, ...(given.ASD_PASSWORD ? [given.ASD_PASSWORD] : [])];
  return {
    server,
    inside: (...command) => [...execWords(server.id, prelude), ...command],
    options: {
      env: cleanEnvironment(context.host.machine.env, { LC_ALL: 'C', ...given }),
      secrets,
      timeoutMs: context.timeoutMs,
      ...(context.mark === undefined ? {} : { mark: context.mark }),
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    },
  };
}

/** For RESTORE.txt: starts the container, and defines `inside`, which runs a command there. @param facts of the dump. */
export function shellClient(facts: BackupFile['facts'], prelude: string): string[] {
  const words = execWords('CONTAINER', prelude).map((word) =>
    word === 'CONTAINER' ? '"$CONTAINER"' : shellWord(word),
  );
  const set = (name: string, value: unknown) =>
    value === undefined ? [] : [`export ${name}=${shellWord(String(value))}`];
  return [
    `CONTAINER=${shellWord(String(facts.container))}`,
    ...set('ASD_USER', facts.user),
    ...set('ASD_PASSWORD_FROM', facts.passwordFrom),
    `inside() { ${words.join(' ')} "$@"; }`,
    'docker start "$CONTAINER" > /dev/null',
  ];
}

const HINTS: ReadonlyArray<[RegExp, (context: BackupContext) => string]> = [
  [
    /password authentication failed|no password supplied|Access denied for user|WRONGPASS|NOAUTH|Peer authentication failed/i,
    (context) =>
      `The server does not take this user or password: compare database.user and database.password_env${context.service.database?.passwordEnv === undefined ? '' : ` (${context.service.database.passwordEnv})`} with what the server has.`,
  ],
  [
    /No space left on device|disk full/i,
    () => 'The disk is full: make room (`just backup-prune`, `df -h`), then do it again.',
  ],
  [/is not running|No such container/i, () => 'The container is gone or stopped: docker ps --all.'],
  [/does not exist|Unknown database/i, () => 'Check database.name in the manifest.'],
];

/** What a command in the container that failed becomes. */
export function insideFailed(
  context: BackupContext,
  client: Client,
  what: string,
  result: { tail: string[]; timedOut: boolean },
  rc: number | undefined,
  fail: (facts: ErrorFacts) => ReleaseError = stepFailed,
): ReleaseError {
  const text = result.tail.join('\n');
  const hint = HINTS.find(([pattern]) => pattern.test(text))?.[1](context);
  const last =
    result.tail.findLast((line) => /error|denied|fail|refused|space|WRONGPASS|NOAUTH/i.test(line)) ??
    result.tail.at(-1);
  return fail({
    what: result.timedOut
      ? `${what} took too long and was ended`
      : `${what} failed${last === undefined ? '' : `: ${last.trim()}`}`,
    where: `container ${client.server.name}`,
    details: result.tail.slice(-10),
    ...(rc === undefined ? {} : { rc }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Runs a command in the container. @param input goes to its standard input. @throws what `fail` makes, step-failed by default. */
export async function ask(
  context: BackupContext,
  client: Client,
  what: string,
  command: readonly string[],
  input: string,
  fail: (facts: ErrorFacts) => ReleaseError = stepFailed,
): Promise<RunResult> {
  const options = { ...client.options, input, maxStdoutBytes: 256 * 1024 * 1024 };
  const result = await context.host.exec.run(client.inside(...command), options);
  if (result.code !== 0) throw insideFailed(context, client, what, result, result.code, fail);
  return result;
}
