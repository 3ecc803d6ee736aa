// The SQLite file behind notes, in WAL mode. Its tables are made by scripts/pre_start_init.ts and changed by ticket scripts.
import { Database } from 'bun:sqlite';
import { join } from 'node:path';

export const NOTES_FILE = join(import.meta.dir, 'data', 'notes.db');

/** @throws where the file is not there: the hook that makes it did not run. */
export function openNotes() {
  const database = new Database(NOTES_FILE, { readwrite: true });
  database.run('PRAGMA journal_mode = WAL');
  database.run('PRAGMA busy_timeout = 2000');
  return {
    newest: () =>
      database.query<{ text: string }, []>('SELECT text FROM notes ORDER BY id DESC LIMIT 1').get()?.text ?? '',
    all: () => database.query('SELECT * FROM notes ORDER BY id').all(),
    add: (text: string) => {
      database.query('INSERT INTO notes (text) VALUES (?)').run(text);
    },
    close: () => database.close(),
  };
}
