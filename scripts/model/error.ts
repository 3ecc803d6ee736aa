// The one error that reaches an operator: a kind (which decides the exit code), facts and a hint.

/** Exit codes of every verb. */
export const EXIT = {
  ok: 0,
  halted: 1,
  badInput: 2,
  locked: 3,
  refused: 4,
  nothing: 5,
  inDoubt: 7,
  putBack: 6,
  stopped: 8,
  notPushed: 9,
  awaiting: 10,
} as const;

export type ErrorKind = 'step-failed' | 'bad-input' | 'locked' | 'refused' | 'nothing' | 'in-doubt' | 'stopped';

const EXIT_OF_KIND: Record<ErrorKind, number> = {
  'step-failed': EXIT.halted,
  'bad-input': EXIT.badInput,
  locked: EXIT.locked,
  refused: EXIT.refused,
  nothing: EXIT.nothing,
  'in-doubt': EXIT.inDoubt,
  stopped: EXIT.stopped,
};

export interface ErrorFacts {
  /** What failed, as one sentence without a full stop. */
  what: string;
  /** Where: a file with line and column, a service, a phase and step, a URL. */
  where?: string;
  /** Further lines: every problem of a file, every dirty path. */
  details?: string[];
  /** What to do about it, as a sentence or as literal commands. */
  hint?: string | string[];
  /** The file that holds the whole output of what failed. */
  outputFile?: string;
  /** The exit code of a command that failed. */
  rc?: number;
}

/** Thrown wherever an operator has to be told something; anything else that is thrown is a bug of ours. */
export class ReleaseError extends Error {
  readonly kind: ErrorKind;
  readonly facts: ErrorFacts;

  /** @param kind decides the exit code. @param facts what the operator reads. @param cause the error underneath, if any. */
  constructor(kind: ErrorKind, facts: ErrorFacts, cause?: unknown) {
    super(facts.where ? `${facts.what} (${facts.where})` : facts.what, cause === undefined ? undefined : { cause });
    this.name = 'ReleaseError';
    this.kind = kind;
    this.facts = facts;
  }

  get exitCode(): number {
    return EXIT_OF_KIND[this.kind];
  }
}

/** Shorthands, so that a refusal reads as one. */
export const refused = (facts: ErrorFacts, cause?: unknown) => new ReleaseError('refused', facts, cause);
export const badInput = (facts: ErrorFacts, cause?: unknown) => new ReleaseError('bad-input', facts, cause);
export const stepFailed = (facts: ErrorFacts, cause?: unknown) => new ReleaseError('step-failed', facts, cause);

/** What was thrown, as one text. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
