// redis-cli of the server's own container, and helper containers of the same image.

import type { ErrorFacts, ReleaseError } from '../../model/error.ts';
import { stepFailed } from '../../model/error.ts';
import { RUN_ONCE } from '../container.ts';
import type { BackupContext } from '../kind.ts';
import { ask, type Client, clientOf, insideFailed } from '../server/client.ts';
import { runningServer } from '../server/find.ts';

export const PRELUDE = [
  'REDISCLI_AUTH=${ASD_PASSWORD:-}',
  '[ -n "$REDISCLI_AUTH" ] || [ -z "${ASD_PASSWORD_FROM:-}" ] || REDISCLI_AUTH=$(printenv "$ASD_PASSWORD_FROM")',
  '[ -n "$REDISCLI_AUTH" ] || REDISCLI_AUTH=${REDIS_PASSWORD:-}',
  '[ -n "$REDISCLI_AUTH" ] || [ -z "${REDIS_PASSWORD_FILE:-}" ] || REDISCLI_AUTH=$(cat "$REDIS_PASSWORD_FILE")',
  // Set but empty, it would log in with an empty password.
  'if [ -n "$REDISCLI_AUTH" ]; then export REDISCLI_AUTH; else unset REDISCLI_AUTH; fi',
  'tool=$1; shift',
  'if [ -n "${ASD_USER:-}" ]; then exec "$tool" --user "$ASD_USER" "$@"; fi',
  'exec "$tool" "$@"',
].join('; ');

/** Redis is as often a cache as a database. @throws refused where there is no such container, or it does not run. */
export const openRedis = async (context: BackupContext): Promise<Client> =>
  clientOf(context, await runningServer(context, ['database', 'cache']), PRELUDE);

/** redis-cli ends with 0 also where the server answers with an error. */
const REFUSALS = /^(?:\(error\) )?(?:ERR|NOAUTH|WRONGPASS|NOPERM|LOADING|MISCONF|AUTH failed)\b/m;

/** One command. @throws what `fail` makes, step-failed by default. */
export async function redis(
  context: BackupContext,
  client: Client,
  command: readonly string[],
  fail: (facts: ErrorFacts) => ReleaseError = stepFailed,
): Promise<string> {
  const what = `asking Redis (${command.join(' ')})`;
  const { stdout, tail } = await ask(context, client, what, ['redis-cli', ...command], '', fail);
  if (REFUSALS.test(stdout) || tail.some((line) => line.startsWith('AUTH failed')))
    throw insideFailed(context, client, what, { tail, timedOut: false }, undefined, fail);
  return stdout.replaceAll('\r', '');
}

/** CONFIG GET; empty where the server does not let us. */
export async function setting(context: BackupContext, client: Client, name: string): Promise<string> {
  const { stdout, code } = await context.host.exec.run(
    client.inside('redis-cli', 'CONFIG', 'GET', name),
    client.options,
  );
  const [key, value] = stdout.replaceAll('\r', '').split('\n');
  return code === 0 && key === name ? (value ?? '') : '';
}

export interface Keyspace {
  /** Keys by database: `db0`. */
  rows: Record<string, number>;
  /** How many of them end by themselves, `expires:db0`. */
  expires: Record<string, number>;
}

/** @param text answer of INFO keyspace. */
export function keyspace(text: string): Keyspace {
  const found: Keyspace = { rows: {}, expires: {} };
  for (const [, db = '', keys, expires] of text.matchAll(/^(db\d+):keys=(\d+),expires=(\d+)/gm)) {
    found.rows[db] = Number(keys);
    found.expires[`expires:${db}`] = Number(expires);
  }
  return found;
}

/** A container of the same image that runs one script of sh and goes. @param volumes for --volume. */
export const helper = (
  image: string,
  script: string,
  words: readonly string[] = [],
  volumes: readonly string[] = [],
): string[] => [
  ...RUN_ONCE,
  ...volumes.flatMap((volume) => ['--volume', volume]),
  '--entrypoint',
  'sh',
  image,
  '-euc',
  script,
  'sh',
  ...words,
];
