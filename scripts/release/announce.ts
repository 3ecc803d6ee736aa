// Where people are told of what happens while nobody looks: the log has it, and it has gone out when this returns.
import type { EventName, FieldsOf, LoggedEvent } from '../model/event.ts';
import type { Phase } from '../model/release.ts';
import type { Logger } from './session.ts';

/** What goes wrong here fails nothing. */
export const announce = async <E extends EventName>(
  log: Logger,
  phase: Phase,
  event: E,
  fields: FieldsOf<E>,
): Promise<LoggedEvent> => log(phase, event, fields);
