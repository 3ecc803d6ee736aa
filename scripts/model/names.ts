// The shapes of the names that come from outside: tickets, branches, services, commits.
import { badInput } from './error.ts';

const TICKET = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const BRANCH = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;
const SERVICE = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const SHA = /^[0-9a-f]{40}$/;

/** A ticket names its records: none may be taken for another one's file, or for a lock of git's. */
const TAKEN_ENDINGS = ['.lock', '.env', '.log', '.receipt.json'];

export const isTicket = (text: string): boolean =>
  TICKET.test(text) && !text.includes('..') && !TAKEN_ENDINGS.some((ending) => text.endsWith(ending));
export const isServiceName = (text: string): boolean => SERVICE.test(text);
export const isSha = (text: string): boolean => SHA.test(text);

export function isBranch(text: string): boolean {
  const odd =
    text.includes('..') || text.includes('//') || text.endsWith('/') || text.endsWith('.lock') || text.endsWith('.');
  return BRANCH.test(text) && text.length <= 200 && !odd;
}

/** @throws bad-input where the word is no ticket. */
export function checkTicket(text: string): string {
  if (isTicket(text)) return text;
  throw badInput({
    what: `${JSON.stringify(text.slice(0, 80))} is not a ticket`,
    hint: [
      'A ticket begins with a letter or digit, then letters, digits, dot, underscore or dash, 64 characters at most;',
      `no two dots in a row, and it does not end in ${TAKEN_ENDINGS.join(', ')}.`,
    ],
  });
}

/** @throws bad-input where the word is no branch name that we pass to git. */
export function checkBranch(text: string): string {
  if (isBranch(text)) return text;
  throw badInput({
    what: `${JSON.stringify(text.slice(0, 80))} is not a branch name that can be released`,
    hint: 'A branch begins with a letter or digit, then letters, digits, dot, underscore, slash or dash.',
  });
}

/** @throws bad-input where the word is no service name. */
export function checkServiceName(text: string): string {
  if (isServiceName(text)) return text;
  throw badInput({
    what: `${JSON.stringify(text.slice(0, 80))} is not a service name`,
    hint: 'A service is named as its folder in packages/: lower case letters, digits, underscore or dash.',
  });
}
