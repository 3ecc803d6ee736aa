// Before notes starts: the database file with its first table. Does nothing where they are there.
import { Database } from 'bun:sqlite';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { NOTES_FILE } from '../store.ts';

mkdirSync(dirname(NOTES_FILE), { recursive: true, mode: 0o700 });
const database = new Database(NOTES_FILE, { create: true });
database.run('PRAGMA journal_mode = WAL');
database.run('CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)');
database.close();
console.log(`notes: ${NOTES_FILE} is ready`);
