// bun scripts/release/verify.ts TICKET: the verify phase by itself.
import { phaseVerb } from './phase.ts';
import { enter } from './verb.ts';

export const verb = phaseVerb('verify');

if (import.meta.main) void enter(verb);
