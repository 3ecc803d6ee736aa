// psql, pg_dump and pg_restore of the server's own container.
import type { ErrorFacts, ReleaseError } from '../../model/error.ts';
import type { BackupContext } from '../kind.ts';
import { ask, type Client, clientOf } from '../server/client.ts';
import { runningServer } from '../server/find.ts';

/** Whom and where to log in as: what the manifest says, else what the image was started with. */
export const PRELUDE = [
  'PGUSER=${ASD_USER:-${POSTGRES_USER:-postgres}}',
  'PGDATABASE=${POSTGRES_DB:-$PGUSER}',
  'PGPASSWORD=${ASD_PASSWORD:-}',
  '[ -n "$PGPASSWORD" ] || [ -z "${ASD_PASSWORD_FROM:-}" ] || PGPASSWORD=$(printenv "$ASD_PASSWORD_FROM")',
  '[ -n "$PGPASSWORD" ] || PGPASSWORD=${POSTGRES_PASSWORD:-}',
  '[ -n "$PGPASSWORD" ] || [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")',
  'export PGUSER PGDATABASE PGPASSWORD PGAPPNAME=asd_backup',
  'exec "$@"',
].join('; ');

/** Bare rows, stopping at the first error; the statements come by standard input. */
export const PSQL = [
  'psql',
  '--no-psqlrc',
  '--quiet',
  '--tuples-only',
  '--no-align',
  '--no-password',
  '-v',
  'ON_ERROR_STOP=1',
];

/** @throws refused where there is no such container, or it does not run. */
export const openPostgres = async (context: BackupContext): Promise<Client> =>
  clientOf(context, await runningServer(context, ['database']), PRELUDE);

/** @param database undefined: the one that the image was started with. @param values go in as psql's `:"name"` and `:'name'`. */
export async function sql(
  context: BackupContext,
  client: Client,
  database: string | undefined,
  statements: string,
  values: Record<string, string> = {},
  fail?: (facts: ErrorFacts) => ReleaseError,
): Promise<string[]> {
  const words = Object.entries(values).flatMap(([name, value]) => ['-v', `${name}=${value}`]);
  const at = database === undefined ? [] : [`--dbname=${connection(database)}`];
  const text = `SET client_encoding = 'UTF8';\n${statements}\n`;
  const command = [...PSQL, ...words, ...at, '--file=-'];
  const { stdout } = await ask(context, client, 'asking PostgreSQL', command, text, fail);
  return stdout.split('\n').filter((line) => line !== '');
}

/** As a connection string, since a plain name with `=` in it would be read as one. */
export const connection = (database: string): string =>
  `dbname='${database.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Where databases are made and renamed from: one that is not the database itself. */
export const maintenance = (database: string): string => (database === 'postgres' ? 'template1' : 'postgres');

/** A quoted identifier, for text that no psql variable reaches. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
