// One thing that a host repository needs: there already, or what is to be written.
import { dirname, join } from 'node:path';
import type { Files } from '../../host/port.ts';
import { messageOf, refused, stepFailed } from '../../model/error.ts';

export interface Item {
  /** From the repository's top. */
  path: string;
  /** What of it, in a few words. */
  what: string;
  /** `there`: nothing is written. `append`: the text goes to the end of a file that exists. */
  how: 'there' | 'make' | 'append';
  /** What is made or added. */
  text?: string;
}

/** Nothing that is there is written over. @throws refused where the first thing cannot be written, step-failed for a later one. */
export function make(files: Files, root: string, items: readonly Item[]): void {
  const made: string[] = [];
  for (const { path, how, text = '' } of items) {
    if (how === 'there') continue;
    const file = join(root, path);
    try {
      files.mkdir(dirname(file), { mode: 0o755 });
      if (how === 'append') files.append(file, text);
      else files.replace(file, text, { mode: 0o644 });
    } catch (error) {
      if (!(error instanceof Error && 'syscall' in error)) throw error;
      const facts = {
        what: `${path} cannot be written: ${messageOf(error)}`,
        where: root,
        hint: 'Run it as the user who owns the checkout, or let this user write there. Repeated, it goes on with what is missing.',
      };
      throw made.length === 0
        ? refused({ ...facts, details: ['Nothing was changed.'] }, error)
        : stepFailed({ ...facts, details: [`Made before: ${made.join(', ')}`] }, error);
    }
    made.push(path);
  }
}

/** @throws refused where something else is in the place of a plain file or folder. @returns whether it is there. */
export function isThere(files: Files, root: string, path: string, kind: 'file' | 'folder'): boolean {
  const stat = files.stat(join(root, path));
  if (stat === undefined) return false;
  if (stat.kind === kind) return true;
  const found = stat.kind === 'link' ? `a link to ${files.readlink(join(root, path))}` : `no plain ${kind}`;
  throw refused({
    what: `${path} is ${found}, and a plain ${kind} is needed; nothing was changed`,
    where: root,
    hint: `Put a plain ${kind} in its place, or move it away: then it is made.`,
  });
}
