// Databases as text, by their own tools (SQLite: by its own file). Nothing of the engine's.
import { Database } from 'bun:sqlite';

export type DatabaseSpec =
  | { kind: 'postgresql'; container: string; user: string; name: string; password: string }
  | { kind: 'mariadb'; container: string; name: string; password: string }
  | { kind: 'redis'; container: string; password: string }
  | { kind: 'sqlite'; path: string };

/** Type, content and whether it ends by itself, of every key of every database: DUMP is Redis's own serialisation. */
const EVERY_KEY = `local out = {}
for db = 0, 15 do
  redis.call('SELECT', db)
  for _, key in ipairs(redis.call('KEYS', '*')) do
    local ends = redis.call('PTTL', key) > 0
    local text = redis.call('TYPE', key).ok == 'string' and redis.call('GET', key) or redis.call('DUMP', key)
    table.insert(out, db .. ' ' .. redis.call('TYPE', key).ok .. ' ' .. redis.sha1hex(key) .. ' ' .. redis.sha1hex(text) .. ' ' .. tostring(ends))
  end
end
table.sort(out)
return out`;

function inside(container: string, env: Record<string, string>, variables: Record<string, string>, ...argv: string[]) {
  const named = Object.keys(variables).flatMap((name) => ['-e', name]);
  const done = Bun.spawnSync(['docker', 'exec', ...named, container, ...argv], { env: { ...env, ...variables } });
  if (done.exitCode !== 0) throw new Error(`${argv[0]} in ${container} exited ${done.exitCode}: ${done.stderr}`);
  return done.stdout.toString('latin1').split('\n');
}

/** Newer versions wrap a plain dump in two lines with a random word. */
const lasting = (line: string): boolean => !/^\\(un)?restrict /.test(line);

/** @param env for docker. @throws Error where it does not answer. */
export function logical(spec: DatabaseSpec, env: Record<string, string>): string[] {
  switch (spec.kind) {
    case 'postgresql': {
      const { container, user, name, password } = spec;
      const dump = ['pg_dump', '--username', user, '--dbname', name, '--create', '--blobs'];
      return inside(container, env, { PGPASSWORD: password }, ...dump).filter(lasting);
    }
    case 'mariadb': {
      const what = ['--routines', '--events', '--triggers', '--order-by-primary', '--skip-dump-date', '--hex-blob'];
      const argv = ['mariadb-dump', '-uroot', '--skip-extended-insert', ...what, spec.name];
      return inside(spec.container, env, { MYSQL_PWD: spec.password }, ...argv);
    }
    case 'redis':
      return inside(spec.container, env, { REDISCLI_AUTH: spec.password }, 'redis-cli', 'EVAL', EVERY_KEY, '0');
    case 'sqlite': {
      const db = new Database(spec.path, { readwrite: true, create: false });
      try {
        const tables = db.query('SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2').values();
        const rows = tables
          .filter(([type]) => type === 'table')
          .flatMap(([, name]) => {
            const quoted = `"${String(name).replaceAll('"', '""')}"`;
            return db
              .query(`SELECT rowid, * FROM ${quoted} ORDER BY rowid`)
              .values()
              .map((row) => [name, ...row]);
          });
        return [...tables, ...rows].map((row) => JSON.stringify(row));
      } finally {
        db.close();
      }
    }
  }
}
