// What the story needs of a kind of host: how its services start, what the releases change, and how to see it from outside.
import type { ProofSpec } from '../proof/proof.ts';

export interface Clones {
  prod: string;
  dev: string;
}

export interface Served {
  /** Service -> what its version endpoint says. */
  versions: Record<string, string>;
  /** The page that visitors get. */
  page: string;
  /** The data of notes. */
  notes: string;
}

export interface Demo {
  readonly title: string;
  readonly services: readonly string[];
  /** Fills the developer's clone with what its first commit has. */
  template(dev: string): Promise<void>;
  /** The host's `.env`. */
  settings(): Promise<string>;
  /** Starts the services for the first time, by hand. */
  start(clones: Clones): Promise<void>;
  /** Changes notes and web, and adds a ticket script that migrates the data. @returns what the commit says. */
  goodChange(dev: string): string;
  /** Changes notes, with a ticket script that breaks it. @returns what the commit says. */
  badChange(dev: string): string;
  look(): Promise<Served>;
  /** Where the proof finds what this kind of host runs and keeps. */
  proof(clones: Clones): Pick<ProofSpec, 'prefix' | 'pm2' | 'databases' | 'urls'>;
  /** What a version endpoint says when the service runs the commit (pm2), or the nth version (compose). */
  version(sha: string, nth: number): string;
  /** What has to be in page and notes before and after the first release. */
  readonly marks: { page: [string, string]; notes: [string, string] };
  /** What to say of a demo that is kept: how to look at it, and how to end it. */
  readonly kept: string[];
  /** Ends what it started. May be called at any time, and twice. */
  stop(): Promise<void>;
}
