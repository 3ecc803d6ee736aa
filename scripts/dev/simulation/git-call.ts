// What a command of the simulated git is given.
import type { Checkout } from './git-repository.ts';
import type { Call, Outcome } from './program.ts';

export interface GitCall {
  call: Call;
  repo: Checkout;
  /** Without `--end-of-options`. */
  args: string[];
  /** @throws GitError as git does for a name that it does not know. */
  id(word: string): string;
}

/** What git says on standard error, with its exit code. */
export class GitError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export type GitCommand = (given: GitCall) => Outcome;
