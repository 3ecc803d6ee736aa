// mariadb and mariadb-dump (or mysql and mysqldump) of the server's own container.
import type { ErrorFacts, ReleaseError } from '../../model/error.ts';
import type { BackupContext } from '../kind.ts';
import { ask, type Client, clientOf } from '../server/client.ts';
import { runningServer } from '../server/find.ts';

/**
 * The first word is `client`, `dump` or `root` (the client as root, where the container knows its password). Whom to log in as: what the manifest
 * says, else root, else the user that the image was started with.
 */
export const PRELUDE = [
  'secret() { eval "v=\\${$1:-}; f=\\${$1_FILE:-}"; [ -n "$v" ] || [ -z "$f" ] || v=$(cat "$f"); printf %s "$v"; }',
  'first() { for n in "$@"; do p=$(secret "$n"); if [ -n "$p" ]; then printf %s "$p"; return; fi; done; }',
  'ROOT=$(first MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)',
  'OWN=$(secret MARIADB_USER); [ -n "$OWN" ] || OWN=$(secret MYSQL_USER)',
  'tool=$1; shift',
  'user=${ASD_USER:-}',
  'MYSQL_PWD=${ASD_PASSWORD:-}',
  '[ -n "$MYSQL_PWD" ] || [ -z "${ASD_PASSWORD_FROM:-}" ] || MYSQL_PWD=$(printenv "$ASD_PASSWORD_FROM")',
  'if [ -z "$user" ]; then if [ -n "$ROOT" ] || [ -z "$OWN" ]; then user=root; else user=$OWN; fi; fi',
  'if [ "$tool" = root ]; then tool=client; if [ -n "$ROOT" ]; then user=root; MYSQL_PWD=$ROOT; fi; fi',
  'if [ -z "$MYSQL_PWD" ] && [ "$user" = root ]; then MYSQL_PWD=$ROOT; fi',
  'if [ -z "$MYSQL_PWD" ] && [ "$user" = "$OWN" ]; then MYSQL_PWD=$(first MARIADB_PASSWORD MYSQL_PASSWORD); fi',
  'export MYSQL_PWD',
  'case $tool in client) set -- "--user=$user" "$@"; new=mariadb old=mysql;; dump) set -- "--user=$user" "$@"; new=mariadb-dump old=mysqldump;; esac',
  'if command -v $new > /dev/null; then exec $new "$@"; fi',
  // Where global transaction ids are on, MySQL's dump would set them, which the same server refuses.
  'if [ $tool = dump ] && ! $old --version | grep -qi mariadb; then u=$1; shift; set -- "$u" --set-gtid-purged=OFF "$@"; fi',
  'exec $old "$@"',
].join('\n');

/** Bare rows; names come as hex, so that none of them can be taken for something else. */
export const CLIENT_OPTIONS = ['--batch', '--raw', '--skip-column-names', '--default-character-set=utf8mb4'];
/** Without a moment of its own in the file, so that equal data gives equal dumps; definitions apart from data. */
export const DUMP_OPTIONS = [
  '--single-transaction',
  '--quick',
  '--hex-blob',
  '--no-tablespaces',
  '--skip-dump-date',
  '--default-character-set=utf8mb4',
];

/** @throws refused where there is no such container, or it does not run. */
export const openMariadb = async (context: BackupContext): Promise<Client> =>
  clientOf(context, await runningServer(context, ['database']), PRELUDE);

/** @param as `root` for what makes and drops schemas. @returns one array a row. */
export async function sql(
  context: BackupContext,
  client: Client,
  statements: string,
  as: 'client' | 'root' = 'client',
  fail?: (facts: ErrorFacts) => ReleaseError,
): Promise<string[][]> {
  const { stdout } = await ask(context, client, 'asking MariaDB', [as, ...CLIENT_OPTIONS], statements, fail);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

/** A quoted identifier. */
export const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
/** A string that needs no escapes, whatever the server's sql_mode. */
export const literal = (text: string): string => `CONVERT(0x${Buffer.from(text).toString('hex')} USING utf8mb4)`;
export const unhex = (hex: string): string => Buffer.from(hex, 'hex').toString('utf8');
