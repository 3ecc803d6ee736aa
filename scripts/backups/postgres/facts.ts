// What a PostgreSQL database holds: its tables and their rows, and how many there are of the rest.
import type { BackupContext } from '../kind.ts';
import type { Client } from '../server/client.ts';
import { sql } from './client.ts';
import { COUNT } from './queries.ts';

export interface Content {
  rows: Record<string, number>;
  others: Record<string, number>;
}

/** @param snapshot exported by another session: the counts are of its moment. */
export async function contentOf(
  context: BackupContext,
  client: Client,
  database: string,
  snapshot?: string,
): Promise<Content> {
  const shared = snapshot === undefined ? '' : `SET TRANSACTION SNAPSHOT '${snapshot.replaceAll("'", "''")}';`;
  const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n${shared}`;
  const lines = await sql(context, client, database, `${begin}\n${COUNT}\nCOMMIT;`);
  const content: Content = { rows: {}, others: {} };
  for (const line of lines) {
    const value = JSON.parse(line) as [string, number] | Record<string, number>;
    if (Array.isArray(value)) content.rows[value[0]] = value[1];
    else Object.assign(content.others, value);
  }
  return content;
}
