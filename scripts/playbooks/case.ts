// One failure as playbooks see it: where it happened, what was said of it, what was printed.

/** Names that every playbook may use, in braces. */
export const CASE_NAMES = [
  'ticket',
  'service',
  'phase',
  'step',
  'root',
  'branch',
  'backups',
  'base',
  'target',
] as const;

export interface Case {
  /** Values by name; one that is not known in this case is left out. */
  values: Partial<Record<(typeof CASE_NAMES)[number], string>>;
  /** What the engine said: lines of the error, events of the log. */
  log: string[];
  /** The last lines of what the failed step printed. Patterns for it are tried on `log`, too, which often quotes it. */
  output: string[];
}
