// Kind `database` for Redis: all its databases as one RDB file of one moment, which the server sends as to a replica: nothing is written on its side.
import { refused, stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile, BackupKind } from '../kind.ts';
import { itemName } from '../names.ts';
import type { Client } from '../server/client.ts';
import { bracket, drillOf } from '../server/drill.ts';
import { saveDump } from '../server/dump.ts';
import { mountOf } from '../server/find.ts';
import { checkSums } from '../sums.ts';
import { keyspace, openRedis, redis, setting } from './client.ts';
import { checkList, drillFully } from './drill.ts';
import { redisRestorer } from './restore.ts';
import { redisCommands } from './restore-commands.ts';

/** A server that sends as it dumps ends with a mark of 40 bytes, which redis-cli passes on. */
const MARK_BYTES = 40;

const field = (info: string, name: string): string => info.match(new RegExp(`^${name}:(.*)$`, 'm'))?.[1] ?? '';

async function dataFolder(context: BackupContext, client: Client): Promise<string> {
  return (await setting(context, client, 'dir')) || '/data';
}

export const redisKind: BackupKind = {
  kind: 'database',
  restore: redisRestorer,

  async items(context) {
    const client = await openRedis(context);
    const info = await redis(context, client, ['INFO'], refused);
    const mount = mountOf(client.server, await dataFolder(context, client));
    const place =
      mount === undefined ? {} : mount.type === 'volume' ? { volume: mount.source } : { path: mount.source };
    return [
      {
        kind: 'database',
        database: 'redis',
        name: itemName('database', context.service.database?.name ?? 'redis', new Set()),
        describes: `Redis in ${client.server.name}`,
        ...place,
        bytes: Number(field(info, 'used_memory')),
        when: 'running',
      },
    ];
  },

  async write(context, item, folder) {
    const client = await openRedis(context);
    const before = await redis(context, client, ['INFO']);
    const streams = (await setting(context, client, 'repl-diskless-sync')) !== 'no';
    const cut = streams ? [['head', '-c', `-${MARK_BYTES}`]] : [];
    const file = `${item.name}.rdb.zst`;
    const dump = await saveDump(context, client, 'dumping Redis', ['redis-cli', '--rdb', '-'], folder, file, cut);
    const sent = dump.tail
      .map((line) => line.match(/success after (\d+) bytes/)?.[1])
      .find((each) => each !== undefined);
    if (sent === undefined || (dump.facts.dumpBytes !== undefined && Number(sent) !== dump.facts.dumpBytes)) {
      throw stepFailed({
        what: `redis-cli did not say that the dump is whole (${sent ?? 'no'} bytes sent, ${dump.facts.dumpBytes} saved)`,
        where: `container ${client.server.name}`,
        details: dump.tail.slice(-5),
      });
    }
    const after = keyspace(await redis(context, client, ['INFO', 'keyspace']));
    const { passwordEnv, user } = context.service.database ?? {};
    const dir = await dataFolder(context, client);
    const mount = mountOf(client.server, dir);
    const settings = ['dbfilename', 'appendonly', 'appendfilename', 'appenddirname'];
    const values = await Promise.all(settings.map((name) => setting(context, client, name)));
    const facts: BackupFile['facts'] = {
      ...dump.facts,
      container: client.server.name,
      image: client.server.imageId,
      ...(user === undefined ? {} : { user }),
      ...(passwordEnv !== undefined && context.env[passwordEnv] === undefined ? { passwordFrom: passwordEnv } : {}),
      server: field(before, 'redis_version'),
      databaseBytes: Number(field(before, 'used_memory')),
      dir,
      ...(mount === undefined ? {} : { mount: mount.source, target: mount.target }),
      ...Object.fromEntries(settings.map((name, index) => [name, values[index] ?? ''])),
      ...after.expires,
      ...bracket(keyspace(before).rows, after.rows),
    };
    return [{ file, bytes: dump.bytes, sha256: dump.sha256, facts }];
  },

  async check(context, item, folder, files) {
    const [file] = files;
    if (file === undefined) throw stepFailed({ what: `${item.describes} has no dump`, where: folder });
    await checkSums(context, folder, files);
    const drill = drillOf(context, file.facts);
    if (drill === 'full') await drillFully(context, await openRedis(context), folder, file);
    if (drill === 'list') await checkList(context, await openRedis(context), folder, file);
  },

  restoreCommands: redisCommands,
};
