// What a check is, and what it finds. Checks only look; what mends a finding is a literal command, for a person or for --fix.
import type { Patient } from './patient.ts';

/** `broken`: the check itself failed, so that nothing is known. */
export type Outcome = 'pass' | 'warn' | 'fail' | 'skip' | 'broken';

export interface Mend {
  /** One line for `sh -c`, in the host repository's folder. */
  command: string;
  /** What it does, in a few words. */
  does: string;
  /** It can do no harm, whatever the state of the host: --fix may run it. */
  safe: boolean;
}

export interface Finding {
  outcome: Outcome;
  /** A sentence without a full stop. */
  what: string;
  mends: Mend[];
}

export interface Check {
  id: string;
  /** What has to be there for it to make sense; else it is skipped. */
  needs?: 'repository' | 'docker';
  /** One finding for each thing that was looked at. @throws ReleaseError for what is wrong and has no better words; anything else is a bug. */
  look(at: Patient): Promise<Finding[]> | Finding[];
}

export const pass = (what: string): Finding => ({ outcome: 'pass', what, mends: [] });
export const skip = (what: string): Finding => ({ outcome: 'skip', what, mends: [] });
export const warn = (what: string, ...mends: Mend[]): Finding => ({ outcome: 'warn', what, mends });
export const fail = (what: string, ...mends: Mend[]): Finding => ({ outcome: 'fail', what, mends });

/** For a person to run. */
export const mend = (command: string, does: string): Mend => ({ command, does, safe: false });
/** For --fix, too. */
export const safeMend = (command: string, does: string): Mend => ({ command, does, safe: true });
