// How a person restores the dumps of a MariaDB schema: its tables go aside into another schema, then everything is loaded.
import type { BackupFile, BackupItem } from '../kind.ts';
import { shellClient } from '../server/client.ts';
import { shellComment, shellWord } from '../shell.ts';
import { CLIENT_OPTIONS, literal, PRELUDE, quoted } from './client.ts';
import { createSchema, partsOf } from './load.ts';

const PARTS = ['tables', 'routines', 'views', 'events'];

/** SQL that writes SQL: drops what cannot move, and moves the tables. `@old` is the schema that they go to. */
function clearing(schema: string): string {
  const at = literal(schema);
  const name = (column: string) => `REPLACE(${column}, '\`', '\`\`')`;
  const drop = (what: string, column: string, from: string) =>
    `SELECT CONCAT('DROP ', ${what}, ' ${quoted(schema).replaceAll("'", "''")}.\`', ${name(column)}, '\`;') FROM information_schema.${from};`;
  return [
    drop("'TRIGGER'", 'TRIGGER_NAME', `TRIGGERS WHERE TRIGGER_SCHEMA = ${at}`),
    drop("'VIEW'", 'TABLE_NAME', `VIEWS WHERE TABLE_SCHEMA = ${at}`),
    drop('ROUTINE_TYPE', 'ROUTINE_NAME', `ROUTINES WHERE ROUTINE_SCHEMA = ${at}`),
    drop("'EVENT'", 'EVENT_NAME', `EVENTS WHERE EVENT_SCHEMA = ${at}`),
    "SELECT 'SET foreign_key_checks = 0;';",
    `SELECT CONCAT('RENAME TABLE ${quoted(schema).replaceAll("'", "''")}.\`', ${name('TABLE_NAME')}, '\` TO \`', ${name('@old')}, '\`.\`', ${name('TABLE_NAME')}, '\`;') FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${at} AND TABLE_TYPE <> 'VIEW';`,
  ].join(' ');
}

/** See BackupKind.restoreCommands. The old tables stay in `<name>__asd_old_<seconds>`. */
export function mariadbCommands(_item: BackupItem, files: BackupFile[]): string[] {
  const [dump] = files;
  if (dump === undefined) return [];
  const schema = String(dump.facts.database);
  const root = `inside root ${CLIENT_OPTIONS.map(shellWord).join(' ')}`;
  const old = `${[...schema].slice(0, 30).join('')}__asd_old_`;
  return [
    shellComment(`the tables of ${schema} go aside into ${old}<time>, then everything is loaded`),
    shellComment(
      'where the server asks for a password that its container does not know: export ASD_PASSWORD=... first',
    ),
    ...shellClient(dump.facts, PRELUDE),
    `zstd -t -q -- ${partsOf(files, PARTS)
      .map(({ file }) => shellWord(file))
      .join(' ')}`,
    `for N in $(seq 60); do if echo 'SELECT 1;' | ${root} > /dev/null 2>&1; then break; fi; sleep 1; done`,
    `OLD=${shellWord(old)}$(date +%s%N)`,
    `printf '%s\\n' ${shellWord(createSchema(schema, dump.facts))} "CREATE DATABASE \\\`\${OLD//\\\`/\\\`\\\`}\\\`;" | ${root}`,
    `printf "SET @old = CONVERT(0x%s USING utf8mb4); %s\\n" "$(printf %s "$OLD" | od -An -tx1 | tr -d ' \\n')" ${shellWord(clearing(schema))} | ${root} | ${root}`,
    ...partsOf(files, PARTS).map(
      ({ file }) =>
        `zstd -d -q -c -- ${shellWord(file)} | inside root --default-character-set=utf8mb4 ${shellWord(`--database=${schema}`)}`,
    ),
  ];
}
