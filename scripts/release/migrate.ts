// bun scripts/release/migrate.ts TICKET: the migrate phase by itself.
import { phaseVerb } from './phase.ts';
import { enter } from './verb.ts';

export const verb = phaseVerb('migrate');

if (import.meta.main) void enter(verb);
