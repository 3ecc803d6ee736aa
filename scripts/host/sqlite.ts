// SQLite databases, read by a child process: VACUUM INTO holds its thread until it is done, and the engine's must not stand still.
import { dirname } from 'node:path';
import { stepFailed } from '../model/error.ts';
import type { Host, RunOptions } from './port.ts';
import { type SqliteFacts, type SqliteTask, sqliteChild } from './sqlite-child.ts';

export type { SqliteFacts } from './sqlite-child.ts';

const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

const PROGRAM = `
const { Database, constants } = require('bun:sqlite');
let answer;
try { answer = { facts: (${sqliteChild.toString()})(Database, constants, JSON.parse(process.argv.at(-1))) }; }
catch (error) { answer = { error: String(error?.message ?? error), code: String(error?.code ?? '') }; }
process.stdout.write(JSON.stringify(answer));
`;

export type SqliteLimits = Pick<RunOptions, 'signal' | 'timeoutMs'>;

/**
 * A consistent copy of a database that others may be writing to, without a WAL file of its own.
 * @param busyMs how long to wait for another connection's lock.
 * @throws step-failed with SQLite's own words.
 */
export function sqliteDump(
  host: Host,
  source: string,
  target: string,
  busyMs: number,
  limits: SqliteLimits,
): Promise<SqliteFacts> {
  // Read-only, a connection cannot clean up after itself: where no WAL lies there, it would leave an empty one behind.
  const readonly = host.files.stat(`${source}-wal`) !== undefined || host.files.stat(`${source}-journal`) !== undefined;
  return run(host, { do: 'dump', source, target, readonly, busyMs }, source, dirname(target), limits);
}

/** Integrity and row counts of a file that nothing else has open; it is not written to. @throws step-failed with SQLite's own words. */
export function sqliteInspect(host: Host, file: string, limits: SqliteLimits): Promise<SqliteFacts> {
  return run(host, { do: 'inspect', file }, file, dirname(file), limits);
}

async function run(
  host: Host,
  task: SqliteTask,
  where: string,
  cwd: string,
  limits: SqliteLimits,
): Promise<SqliteFacts> {
  const argv = [
    process.execPath,
    '--no-env-file',
    '--no-install',
    '--config=/dev/null',
    '--tsconfig-override=/dev/null',
    '-e',
    PROGRAM,
    JSON.stringify(task),
  ];
  const result = await host.exec.run(argv, {
    cwd,
    env: { PATH: host.machine.env.PATH ?? '', BUN_BE_BUN: '1', SQLITE_TMPDIR: cwd },
    maxStdoutBytes: MAX_ANSWER_BYTES,
    ...limits,
  });
  if (result.timedOut) {
    throw stepFailed({
      what: `reading the SQLite database took longer than ${limits.timeoutMs} ms`,
      where,
      hint: 'Look for a connection that holds it locked.',
    });
  }
  if (result.code !== 0) {
    const rc = result.code === undefined ? {} : { rc: result.code };
    throw stepFailed({ what: 'the process that reads SQLite databases failed', where, details: result.tail, ...rc });
  }
  const answer = JSON.parse(result.stdout) as { facts: SqliteFacts } | { error: string; code: string };
  if ('facts' in answer) return answer.facts;
  throw stepFailed({ what: `SQLite says: ${answer.error}`, where, hint: hintFor(answer.code) });
}

function hintFor(code: string): string {
  if (code === 'SQLITE_NOTADB')
    return 'This file is no SQLite database (or an encrypted one): check database.path in the manifest.';
  if (code.startsWith('SQLITE_BUSY'))
    return 'Another connection holds it locked all the time; end that one, or back it up with a command of its own.';
  if (code.startsWith('SQLITE_READONLY'))
    return 'It was left in the middle of a transaction: start its service once, so that it recovers, then try again.';
  return 'Check the file with: sqlite3 FILE "PRAGMA integrity_check"';
}
