// Configuration back: of `.env` the keys that a release changed, of the other files those that it changed or that are gone. The compose file is git's.
import { basename, dirname, join } from 'node:path';
import { refused, stepFailed } from '../../model/error.ts';
import { toolOptions } from '../archive.ts';
import { clear, isStaged, markStaged, type Siblings, settleSwap, siblings, swapIn, undoSwap } from '../beside.ts';
import type { BackupContext, BackupFile, Restorer, Restoring } from '../kind.ts';
import { orFull } from '../staging.ts';
import { checkSums } from '../sums.ts';
import { type MergedEnv, mergeEnv } from './merge-env.ts';

/** As config/kind.ts names it. */
export const ENV_FILE = 'config.env';

const placed = (files: readonly BackupFile[]): BackupFile[] => files.filter((file) => file.facts.path !== undefined);

/** What of `.env` would come back, and what stays; undefined where it was not saved, or is gone (then it comes back whole). */
export function envMerge(context: BackupContext, { files, folder, left }: Restoring): MergedEnv | undefined {
  const saved = files.find((file) => file.file === ENV_FILE);
  const now = context.host.files.readText(context.paths.envFile, { follow: true });
  if (saved === undefined || now === undefined) return undefined;
  const before = context.host.files.readText(join(folder, ENV_FILE)) ?? '';
  if (left === undefined) {
    const { restored, kept } = mergeEnv(before, now, {});
    return { text: now, restored: [], kept: [...restored, ...kept].sort() };
  }
  return mergeEnv(before, now, left.env, left.hash);
}

/** What one saved file has to become; undefined: it stays as it is. */
async function contentOf(
  context: BackupContext,
  restoring: Restoring,
  file: BackupFile,
): Promise<{ from: string } | { text: string } | undefined> {
  const { files } = context.host;
  const path = String(file.facts.path);
  const from = join(restoring.folder, file.file);
  if (files.stat(path) === undefined) return { from };
  if (file.file === ENV_FILE) {
    const merged = envMerge(context, restoring);
    return merged === undefined || merged.restored.length === 0 ? undefined : { text: merged.text };
  }
  const now = await files.sha256(path);
  return now !== file.sha256 && restoring.left?.files[path] === now ? { from } : undefined;
}

/** Saved files that differ from what lies there, and stay. */
export async function differingFiles(context: BackupContext, restoring: Restoring): Promise<string[]> {
  const differing: string[] = [];
  for (const file of placed(restoring.files)) {
    const path = String(file.facts.path);
    if (file.file === ENV_FILE || context.host.files.stat(path) === undefined) continue;
    const stays = (await contentOf(context, restoring, file)) === undefined;
    if (stays && (await context.host.files.sha256(path)) !== file.sha256) differing.push(path);
  }
  return differing;
}

/** Services that were backed up in the same second stage the same `.env`. */
const staging = new Map<string, Promise<void>>();

async function stageFile(context: BackupContext, restoring: Restoring, file: BackupFile): Promise<void> {
  const at = siblings(String(file.facts.path), restoring.stamp);
  const before = staging.get(at.fresh);
  const mine = (async () => {
    await Promise.allSettled([before]);
    await stageAlone(context, restoring, file, at);
  })();
  staging.set(at.fresh, mine);
  try {
    await mine;
  } finally {
    if (staging.get(at.fresh) === mine) staging.delete(at.fresh);
  }
}

async function stageAlone(context: BackupContext, restoring: Restoring, file: BackupFile, at: Siblings): Promise<void> {
  const { files, exec } = context.host;
  if (isStaged(files, at)) return;
  clear(files, at);
  const content = await contentOf(context, restoring, file);
  if (content === undefined) return;
  const present = files.stat(at.live);
  const saved = { mode: Number.parseInt(String(file.facts.mode), 8), uid: file.facts.uid, gid: file.facts.gid };
  const owner = 'text' in content && present !== undefined ? present : saved;
  try {
    files.mkdir(dirname(at.live));
    if ('text' in content) files.replace(at.making, content.text);
    else files.copy(content.from, at.making);
    const owned = await exec.run(['chown', `${owner.uid}:${owner.gid}`, at.making], toolOptions(context));
    if (owned.code !== 0)
      throw stepFailed({ what: `${basename(at.live)} cannot be given its owner`, where: at.live, details: owned.tail });
    files.chmod(at.making, owner.mode & 0o7777);
    files.sync(at.making);
    markStaged(files, at, at.making);
  } catch (error) {
    clear(files, at);
    throw orFull(error, dirname(at.live), at.live);
  }
}

const swaps = (context: BackupContext, { files, stamp }: Restoring): Siblings[] =>
  placed(files)
    .map((file) => {
      const path = String(file.facts.path);
      if (!path.startsWith('/'))
        throw refused({ what: `${JSON.stringify(path)} is no absolute path`, where: file.file });
      return siblings(path, stamp);
    })
    .filter((at) => [at.fresh, at.old, at.none, at.drop].some((path) => context.host.files.stat(path) !== undefined));

export const configRestorer: Restorer = {
  swaps: 'stopped',
  space: (context, { files }) => ({
    path: context.paths.root,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  }),
  async stage(context, restoring) {
    await checkSums(context, restoring.folder, restoring.files);
    for (const file of placed(restoring.files)) await stageFile(context, restoring, file);
  },
  async swap(context, restoring) {
    for (const at of swaps(context, restoring)) swapIn(context.host.files, at);
  },
  async settle(context, restoring) {
    for (const at of swaps(context, restoring)) settleSwap(context.host.files, at);
  },
  async undo(context, restoring) {
    for (const file of placed(restoring.files))
      undoSwap(context.host.files, siblings(String(file.facts.path), restoring.stamp));
  },
};
