// How a person restores a PostgreSQL dump: into a database beside the live one, then both are renamed.
import type { BackupFile, BackupItem } from '../kind.ts';
import { shellClient } from '../server/client.ts';
import { besideName } from '../server/names.ts';
import { shellComment, shellWord } from '../shell.ts';
import { connection, maintenance, PRELUDE, PSQL, quoted } from './client.ts';
import { RESTORE, scriptOf } from './load.ts';

const words = (argv: readonly string[]): string => argv.map(shellWord).join(' ');

/** See BackupKind.restoreCommands. The old database stays as `<name>__asd_old_<nanoseconds>`. */
export function postgresCommands(_item: BackupItem, files: BackupFile[]): string[] {
  const [dump] = files;
  if (dump === undefined) return [];
  const database = String(dump.facts.database);
  const fresh = besideName(database, 'new', 'by_hand');
  const old = besideName(database, 'old', '').slice(0, 44);
  const psql = `inside ${words([...PSQL, `--dbname=${connection(maintenance(database))}`])}`;
  const say = (statements: string) => `printf '%s\\n' ${shellWord(statements)} | ${psql} --file=-`;
  const feed = (ending: string) =>
    `${psql} -v ${shellWord(`db=${fresh}`)} --file=- < ${shellWord(scriptOf(files, ending) ?? '')}`;
  const stop = `SELECT FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'db') ended WHERE false;`;
  const rename = `${stop} BEGIN; ALTER DATABASE :"db" RENAME TO :"old"; ALTER DATABASE :"new" RENAME TO :"db"; COMMIT;`;
  return [
    shellComment(
      `${database} is restored beside itself, then both are renamed; what is there now stays as ${old}<time>`,
    ),
    shellComment(
      'where the server asks for a password that its container does not know: export ASD_PASSWORD=... first',
    ),
    ...shellClient(dump.facts, PRELUDE),
    `for N in $(seq 60); do if inside pg_isready --quiet; then break; fi; sleep 1; done`,
    say(`DROP DATABASE IF EXISTS ${quoted(fresh)};`),
    feed('.create.sql'),
    `zstd -d -q -c -- ${shellWord(dump.file)} | inside ${words([...RESTORE, `--dbname=${connection(fresh)}`])}`,
    feed('.properties.sql'),
    `printf '%s\\n' ${shellWord(rename)} | ${psql} -v ${shellWord(`db=${database}`)} -v ${shellWord(`new=${fresh}`)} -v "old"=${shellWord(old)}"$(date +%s%N)" --file=-`,
  ];
}
