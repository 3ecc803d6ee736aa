// Redis comes back: the dump staged beside the server's own files, loaded once as a trial, and put in their place while the server is stopped.
import { join } from 'node:path';
import { cleanEnvironment } from '../../host/environment.ts';
import type { RunOptions } from '../../host/port.ts';
import { stepFailed } from '../../model/error.ts';
import { checkPipe, DECOMPRESS } from '../archive.ts';
import type { BackupContext, Restorer, Restoring } from '../kind.ts';
import { findServer } from '../server/find.ts';
import { checkSums } from '../sums.ts';
import { helper, keyspace, openRedis, redis } from './client.ts';
import { drillFully } from './drill.ts';
import { IS_STAGED, SETTLE, STAGE, SWAP, UNDO, words } from './files.ts';

const options = (context: BackupContext): RunOptions => ({
  env: cleanEnvironment(context.host.machine.env, { LC_ALL: 'C' }),
  secrets: context.secrets,
  timeoutMs: context.timeoutMs,
  ...(context.mark === undefined ? {} : { mark: context.mark }),
  ...(context.signal === undefined ? {} : { signal: context.signal }),
});

/** The argv of a script in a container that mounts the data. The image is what the server has now; where that is gone, what it had. */
async function onFiles(context: BackupContext, { files, stamp }: Restoring, script: string): Promise<string[]> {
  const facts = files[0]?.facts ?? {};
  if (facts.mount === undefined) {
    throw stepFailed({
      what: `the data of Redis (${facts.dir}) is in no volume, so it cannot be put back`,
      where: `container ${facts.container}`,
      hint: 'Mount a volume there, in the compose file.',
    });
  }
  const server = await findServer(context, ['database', 'cache']);
  const image = server.imageId === '' ? String(facts.image) : server.imageId;
  return helper(image, script, words(facts, stamp), [`${facts.mount}:${facts.target}`]);
}

async function runOnFiles(context: BackupContext, restoring: Restoring, what: string, script: string): Promise<string> {
  const argv = await onFiles(context, restoring, script);
  const result = await context.host.exec.run(argv, options(context));
  if (result.code === 0) return result.stdout;
  const where = String(restoring.files[0]?.facts.dir);
  throw stepFailed({
    what: `${what} failed`,
    where,
    details: result.tail,
    ...(result.code === undefined ? {} : { rc: result.code }),
  });
}

export const redisRestorer: Restorer = {
  swaps: 'stopped',

  space: (_context, { item, files }) =>
    item.path === undefined ? undefined : { path: item.path, bytes: 2 * Number(files[0]?.facts.dumpBytes ?? 0) },

  async rowsNow(context) {
    return keyspace(await redis(context, await openRedis(context), ['INFO', 'keyspace'])).rows;
  },

  async stage(context, restoring) {
    const { files, folder } = restoring;
    const [file] = files;
    if (file === undefined) throw stepFailed({ what: 'the backup has no dump', where: folder });
    if ((await runOnFiles(context, restoring, 'looking at the staged files', IS_STAGED)) !== '') return;
    await checkSums(context, folder, files);
    const server = await findServer(context, ['database', 'cache']);
    await drillFully(
      context,
      { server, inside: (...command) => command, options: options(context) },
      restoring.folder,
      file,
      restoring.work,
    );
    const argv = await onFiles(context, restoring, STAGE);
    const result = await context.host.exec.pipe([DECOMPRESS, argv], {
      ...options(context),
      fromFile: join(folder, file.file),
    });
    checkPipe(result, 'staging the Redis dump', String(file.facts.dir));
  },

  async swap(context, restoring) {
    await runOnFiles(context, restoring, 'putting the staged files in place', SWAP);
  },

  async settle(context, restoring) {
    await runOnFiles(context, restoring, 'removing the files that went aside', SETTLE);
  },

  async undo(context, restoring) {
    await runOnFiles(context, restoring, 'putting the old files back', UNDO);
  },
};
