// A PostgreSQL server in a container, with a database of about 500 MB.
import { randomBytes } from 'node:crypto';
import { DATABASE_IMAGE, importDatabases } from '../engine/databases.ts';
import type { TestEngine } from '../engine/test-engine.ts';
import { timed } from './program.ts';
import type { Scratch } from './scratch.ts';

const PASSWORD = 'bench';
/** A third of it is hexadecimal noise, a third text, a third numbers and an index. */
const CONTENT = `CREATE TABLE big AS SELECT i AS id, md5(i::text) AS noise, 'the quick brown fox jumps over number ' || i AS text, i * 7 AS n FROM generate_series(1, 3200000) i;
ALTER TABLE big ADD PRIMARY KEY (id); VACUUM ANALYZE big;`;

export interface DatabaseServer {
  container: string;
  /** For docker and for clients in the container. */
  env: Record<string, string>;
  /** As one statement or several. @returns what it says. */
  sql(text: string, database?: string): Promise<string>;
  close(): Promise<void>;
}

export async function openDatabaseServer(scratch: Scratch, docker: TestEngine): Promise<DatabaseServer> {
  await importDatabases(docker);
  const container = `belay-bench-${randomBytes(4).toString('hex')}`;
  const env = { ...scratch.env, ...docker.env, PGPASSWORD: PASSWORD, POSTGRES_PASSWORD: PASSWORD };
  const run = async (...argv: string[]) => (await timed(['docker', ...argv], scratch.folder, env)).stdout;
  const close = async () => void (await run('rm', '--force', '--volumes', container));
  const sql = (text: string, database = 'bench') =>
    run(
      'exec',
      '-e',
      'PGPASSWORD',
      container,
      'psql',
      '-XAtq',
      '-v',
      'ON_ERROR_STOP=1',
      '-U',
      'bench',
      '-d',
      database,
      '-c',
      text,
    );
  const given = ['-e', 'POSTGRES_USER=bench', '-e', 'POSTGRES_PASSWORD', '-e', 'POSTGRES_DB=bench'];
  await run(
    'run',
    '--detach',
    '--name',
    container,
    '--network=none',
    ...given,
    '--volume=/var/lib/postgresql/data',
    DATABASE_IMAGE,
    'postgres',
    '-c',
    'max_wal_size=4GB',
  );
  scratch.closeLater(close);
  try {
    for (let tries = 0; !(await answers(sql)); tries += 1) {
      if (tries > 100) throw new Error(`${container} does not answer`);
      await Bun.sleep(100);
    }
    for (const statement of CONTENT.split(';').filter((each) => each.trim() !== '')) await sql(statement);
  } catch (error) {
    await close();
    throw error;
  }
  return { container, env, sql, close };
}

async function answers(sql: (text: string) => Promise<string>): Promise<boolean> {
  try {
    return (await sql('SELECT 1')).trim() === '1';
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
