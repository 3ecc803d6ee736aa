// The playbooks there are: the engine's own, and those of the host's repository, which count more where both have one of an id.
import { join } from 'node:path';
import type { Host } from '../host/port.ts';
import { ReleaseError } from '../model/error.ts';
import { type Playbook, parsePlaybook } from './playbook.ts';

export const PLAYBOOKS = 'recovery/playbooks';
const MAX_BYTES = 128 * 1024;
const MAX_FILES = 500;

export interface Shelf {
  /** In the order of their ids. */
  playbooks: Array<Playbook & { file: string }>;
  /** What is wrong with those that cannot be used. */
  problems: string[];
}

/** @param folders that hold playbooks, the one that counts most last. Never throws for what is in them. */
export function readPlaybooks(host: Host, folders: readonly string[]): Shelf {
  const found = new Map<string, Playbook & { file: string }>();
  const problems: string[] = [];
  for (const folder of new Set(folders)) {
    for (const name of attempt(() => host.files.list(folder), [])
      .filter((each) => /\.ya?ml$/.test(each))
      .slice(0, MAX_FILES)) {
      const file = join(folder, name);
      const source = attempt(() => host.files.readText(file, { maxBytes: MAX_BYTES, follow: true }), undefined);
      const read =
        source === undefined
          ? { playbook: undefined, problems: [`${file}: it cannot be read`] }
          : parsePlaybook(source, file);
      if (read.playbook === undefined || read.problems.length > 0) problems.push(...read.problems);
      else found.set(read.playbook.id, { ...read.playbook, file });
    }
  }
  return { playbooks: [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1)), problems };
}

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ReleaseError || (error instanceof Error && 'code' in error)) return otherwise;
    throw error;
  }
}
