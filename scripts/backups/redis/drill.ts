// A Redis dump read back: loaded by a server of the same image in a container that goes again, or only looked through.
import { join } from 'node:path';
import type { BackupContext, BackupFile } from '../kind.ts';
import type { Client } from '../server/client.ts';
import { MOVING, notTheSame, rowsOf } from '../server/drill.ts';
import { readDump } from '../server/dump.ts';
import { helper, type Keyspace, keyspace } from './client.ts';

/** The container ends with its input or after its one question; nothing of it is left. */
export const LOAD = [
  'mkdir /tmp/asd && cd /tmp/asd && cat > dump.rdb',
  'redis-server --port 0 --unixsocket /tmp/asd/socket --dir /tmp/asd --dbfilename dump.rdb --save "" --appendonly no > /tmp/asd/log 2>&1 &',
  'pid=$!',
  'until [ "$(redis-cli -s /tmp/asd/socket ping 2> /dev/null)" = PONG ]; do kill -0 $pid 2> /dev/null || { tail -n 5 /tmp/asd/log >&2; exit 1; }; sleep 0.05; done',
  'redis-cli -s /tmp/asd/socket INFO keyspace',
  'redis-cli -s /tmp/asd/socket SHUTDOWN NOSAVE > /dev/null 2>&1 || true',
].join('\n');

/** Without the tool, at least what it begins with. */
const LOOK_THROUGH = [
  'cat > /tmp/asd.rdb',
  'if command -v redis-check-rdb > /dev/null; then redis-check-rdb /tmp/asd.rdb; else [ "$(head -c 5 /tmp/asd.rdb)" = REDIS ] && echo "RDB looks OK!"; fi',
].join('\n');

/** @param work for a small file in between. @throws step-failed where keys are missing that do not end by themselves. */
export async function drillFully(
  context: BackupContext,
  client: Client,
  folder: string,
  file: BackupFile,
  work = folder,
): Promise<void> {
  const argv = helper(client.server.imageId, LOAD);
  const scratch = join(work, `.${file.file}.drill`);
  const text = await readDump(
    context,
    client,
    `loading ${file.file} into a scratch server`,
    join(folder, file.file),
    [argv],
    scratch,
  );
  const found = missing(keyspace(text), file.facts);
  if (found.length > 0) throw notTheSame(`the Redis server ${file.facts.container}`, folder, file, found);
}

/** Keys with an end may have come to it; a database that was written to meanwhile only has to be there. */
export function missing({ rows }: Keyspace, facts: BackupFile['facts']): string[] {
  const written = rowsOf(facts);
  return [...new Set([...Object.keys(written), ...Object.keys(rows)])].flatMap((db) => {
    const [want, got, moving] = [written[db] ?? 0, rows[db] ?? 0, facts[`${MOVING}${db}`]];
    const least = want - Number(facts[`expires:${db}`] ?? 0);
    if (moving === undefined ? got >= least && got <= want : got > 0 || Math.min(least, Number(moving)) <= 0) return [];
    return [`${db}: ${want} keys written, ${got} read back`];
  });
}

export async function checkList(
  context: BackupContext,
  client: Client,
  folder: string,
  file: BackupFile,
): Promise<void> {
  const argv = helper(client.server.imageId, LOOK_THROUGH);
  const scratch = join(folder, `.${file.file}.list`);
  const text = await readDump(
    context,
    client,
    `looking through ${file.file}`,
    join(folder, file.file),
    [argv],
    scratch,
  );
  const keys = text.match(/(\d+) keys read/)?.[1];
  const want = Object.entries(rowsOf(file.facts)).reduce((sum, [, count]) => sum + count, 0);
  const moving = Object.keys(file.facts).some((key) => key.startsWith(MOVING));
  if (text.includes('RDB looks OK!') && (keys === undefined || moving || Number(keys) === want)) return;
  throw notTheSame(`the Redis server ${file.facts.container}`, folder, file, [`${keys ?? 'no'} keys of ${want}`]);
}
