// bun scripts/release/ticket.ts TICKET: the ticket phase by itself.
import { phaseVerb } from './phase.ts';
import { enter } from './verb.ts';

export const verb = phaseVerb('ticket');

if (import.meta.main) void enter(verb);
