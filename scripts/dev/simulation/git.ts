// The simulated git: the commands that the engine calls, with the words that it calls them with. Any other is an error of the simulation.
import { join } from 'node:path';
import { GitError } from './git-call.ts';
import { EFFECTS } from './git-effects.ts';
import { LOOKS } from './git-looks.ts';
import { openCheckout, resolve } from './git-repository.ts';
import { type Call, failed, type Outcome, said } from './program.ts';

export function git(call: Call): Outcome {
  const { argv } = call;
  let at = 1;
  let durable = false;
  let cwd = call.cwd;
  for (; argv[at] === '-c' || argv[at] === '-C'; at += 2) {
    if (argv[at] === '-C') cwd = join(cwd, argv[at + 1] ?? '');
    else if (argv[at + 1] === 'core.fsync=all') durable = true;
  }
  const [name = '', ...rest] = argv.slice(at);
  if (name === 'version') return said('git version 2.39.5\n');
  const command = { ...LOOKS, ...EFFECTS }[name];
  if (command === undefined) throw new Error(`the simulated git has no ${name}`);
  const repo = openCheckout({ ...call, cwd }, durable);
  if (repo === undefined) return failed(128, 'fatal: not a git repository (or any of the parent directories): .git');
  const args = rest.filter((each) => each !== '--end-of-options');
  const id = (word: string): string => {
    const found = resolve(repo, word);
    if (found === undefined) throw new GitError(128, `fatal: bad revision '${word}'`);
    return found;
  };
  try {
    return command({ call, repo, args, id });
  } catch (error) {
    if (error instanceof GitError) return failed(error.code, ...error.message.split('\n'));
    // What the disk refuses ends git with its own words.
    if (error instanceof Error && 'syscall' in error) return failed(128, `fatal: ${error.message}`);
    throw error;
  }
}
