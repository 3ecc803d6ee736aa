// bun scripts/release/prepare.ts TICKET: the prepare phase by itself.
import { phaseVerb } from './phase.ts';
import { enter } from './verb.ts';

export const verb = phaseVerb('prepare');

if (import.meta.main) void enter(verb);
