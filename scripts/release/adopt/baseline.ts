// The baseline: a first backup of everything, the images that run now kept, the receipt, and last the ref.
import { listBackups } from '../../backups/list.ts';
import { readRef, updateRef } from '../../host/git/commits.ts';
import { openKeyedHash } from '../../host/keyed-hash.ts';
import { baselinePath } from '../../journal/baseline.ts';
import type { ReleaseLock } from '../../journal/lock.ts';
import { writeReceipt } from '../../journal/receipt.ts';
import type { Receipt } from '../../model/receipt.ts';
import { SCHEMA } from '../../model/release.ts';
import { runtimeOf } from '../../runtimes/registry.ts';
import { type Context, runtimeContext } from '../context.ts';
import { DEPLOYED_REF } from '../deployed-ref.ts';
import { backUpServices } from '../hand-backup.ts';
import { pinHelper, resolveHelper } from '../helper-image.ts';
import { BASELINE, type Look, receiptOf } from './look.ts';

/** @param backup false: none is taken. Services that have a complete backup already get no further one. @throws step-failed where a backup fails: nothing is marked as deployed then. */
export async function setBaseline(
  context: Context,
  lock: ReleaseLock,
  sha: string,
  looks: readonly Look[],
  backup: boolean,
): Promise<void> {
  const { host, paths, repo, env, terminal } = context;
  const helper = await resolveHelper(context, BASELINE);
  const pinned = await pinHelper(context, helper, BASELINE);
  const has = (name: string) => listBackups(host, paths.backups, name).backups.length > 0;
  const first = looks
    .map(({ manifest }) => manifest)
    .filter((each) => backup && each.backup.enabled && !has(each.name));
  if (first.length > 0) terminal.say(`The first backup, read back: ${first.map(({ name }) => name).join(', ')}`);
  // As the commit says that is adopted: the live files may be of another one, which was pulled by hand.
  const resolved = new Map(
    looks.flatMap((each) => (each.resolved ? [[each.manifest.name, each.resolved] as const] : [])),
  );
  const saved = first.length > 0 ? await backUpServices(pinned, lock, first, { json: false, resolved }) : new Map();

  const keyedHash = openKeyedHash(host, paths);
  const services: Receipt['services'] = {};
  for (const look of looks) {
    if (look.resolved === undefined) continue;
    const { manifest, running } = look;
    const runtime = await runtimeOf(manifest.runtime);
    const own = saved.get(manifest.name);
    services[manifest.name] = {
      ...receiptOf(context, look, look.resolved, keyedHash),
      kept: await runtime.keep(runtimeContext(context, BASELINE), manifest, running),
      ...(own === undefined ? {} : { backup: own }),
    };
  }
  writeReceipt(host, baselinePath(paths), {
    schema: SCHEMA,
    ticket: '',
    kind: 'baseline',
    complete: true,
    baseSha: sha,
    targetSha: sha,
    mergeSha: sha,
    engine: '',
    host: host.machine.hostname,
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, keyedHash(value)])),
    services,
    scripts: {},
    ...(helper === undefined ? {} : { helper }),
  });
  const now = await readRef(repo, DEPLOYED_REF);
  if (now !== sha) await updateRef(repo, DEPLOYED_REF, sha, now);
}
