// The target's tree beside the live one, with the host's own files linked in.
import { dirname, join, relative } from 'node:path';
import { addStage } from '../host/git/stage.ts';
import type { ResolvedService } from '../runtimes/runtime.ts';
import type { Context } from './context.ts';

export const stageFolder = (context: Context, ticket: string): string => join(context.paths.stage, ticket);

/** Lays out the commit, unless it is there already. @returns the folder. */
export async function ensureStage(context: Context, ticket: string, sha: string): Promise<string> {
  const { files } = context.host;
  const folder = stageFolder(context, ticket);
  const mark = `${folder}.sha`;
  // Git does not flush what it lays out: after a power cut the mark may be there, and the files not.
  const laidOut = `${sha} ${context.host.machine.bootId}`;
  if (files.readText(mark)?.trim() === laidOut && files.stat(folder)?.kind === 'folder') return folder;
  await addStage(context.repo, sha, folder);
  linkIn(context, folder, context.paths.envFile);
  files.replace(mark, `${laidOut}\n`);
  return folder;
}

/** Links what a service names and git does not have: env files, secrets, configs. */
export function linkNamedFiles(context: Context, folder: string, resolved: ResolvedService): void {
  for (const file of resolved.namedFiles) linkIn(context, folder, file);
}

function linkIn(context: Context, folder: string, live: string): void {
  const { files } = context.host;
  const path = relative(context.paths.root, live);
  if (path.startsWith('..') || files.stat(live) === undefined || files.stat(join(folder, path)) !== undefined) return;
  files.mkdir(dirname(join(folder, path)));
  files.symlink(live, join(folder, path));
}
