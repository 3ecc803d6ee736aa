// What a return to main writes down before it moves the checkout: it belongs to no ticket, so there is no journal that has it.
import { join } from 'node:path';
import { look } from '../host/git/advance.ts';
import { moveCheckout } from '../host/git/move.ts';
import { recoverMove } from '../host/git/recover.ts';
import type { Passage, Place } from '../model/checkout.ts';
import { type ErrorFacts, refused } from '../model/error.ts';
import { isBranch, isSha } from '../model/names.ts';
import type { Context } from './context.ts';

const intentFile = (context: Context): string => join(context.paths.workspace, 'return-to-main.json');

/** Moves the checkout, so that a run that dies in the middle is ended by the next one. */
export async function moveWithIntent(context: Context, passage: Passage): Promise<void> {
  const { files } = context.host;
  files.replace(intentFile(context), `${JSON.stringify(passage)}\n`);
  await moveCheckout(context.repo, passage);
  files.remove(intentFile(context));
}

/** @returns a problem for a release where a return was cut off. */
export const cutOffReturn = (context: Context): ErrorFacts[] =>
  context.host.files.stat(intentFile(context)) === undefined
    ? []
    : [
        {
          what: 'A return to main was cut off, and may have moved half of the checkout',
          hint: 'just release-return-to-main',
        },
      ];

/** Under the lock nobody else is at it: completes the move. What somebody mended by hand meanwhile is taken as it is. */
export async function completeReturn(context: Context): Promise<void> {
  const { files } = context.host;
  const text = files.readText(intentFile(context));
  if (text === undefined) return;
  const passage = readIntent(text);
  const now = await look(context.repo);
  const isAt = (place: Place): boolean => now.branch === place.branch && now.head === place.sha;
  if (isAt(passage.from) || isAt(passage.to)) await recoverMove(context.repo, passage);
  files.remove(intentFile(context));
}

function readIntent(text: string): Passage {
  const unreadable = refused({
    what: 'The record of a return that was cut off cannot be read',
    where: '.asd/workspace/return-to-main.json',
    hint: 'See what is checked out (git status), then remove the file.',
  });
  const place = (end: { branch?: unknown; sha?: unknown } | undefined): Place => {
    const [branch, sha] = [String(end?.branch), String(end?.sha)];
    if (isBranch(branch) && isSha(sha)) return { branch, sha };
    throw unreadable;
  };
  try {
    const parsed = JSON.parse(text) as Partial<Record<'from' | 'to', { branch?: unknown; sha?: unknown }>> | null;
    return { from: place(parsed?.from), to: place(parsed?.to) };
  } catch (error) {
    if (error instanceof SyntaxError) throw unreadable;
    throw error;
  }
}
