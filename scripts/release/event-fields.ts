// An event as --json prints it.
import type { JournalEvent } from '../model/event.ts';

export const eventFields = ({ time, ticket, phase, event, fields }: JournalEvent): Record<string, string> => ({
  time,
  ticket,
  phase,
  event,
  ...fields,
});
