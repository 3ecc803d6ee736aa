// Where people are told of what happens while nobody looks: every event passes here, and those that somebody wants to know of are sent.
import { maskText } from '../host/mask.ts';
import type { Host } from '../host/port.ts';
import { messageOf } from '../model/error.ts';
import type { EventName, FieldsOf, LoggedEvent } from '../model/event.ts';
import type { Phase, ReleaseState } from '../model/release.ts';
import { noticeBody, noticeName } from '../notify/notice.ts';
import type { Context } from './context.ts';
import type { Logger } from './session.ts';

/** What has not gone out yet, by the host of this process. */
const underWay = new WeakMap<Host, Set<Promise<void>>>();

/** Begins to send; nobody waits for it here, and what goes wrong with it fails nothing. @param events all of the release, the new one last. */
export function tell(
  context: Context,
  events: readonly LoggedEvent[],
  state: ReleaseState | undefined,
  log: Logger,
): void {
  const { host, config, env, secrets } = context;
  const event = events.at(-1);
  const webhooks = config.notify ?? [];
  if (webhooks.length === 0 || event === undefined) return;
  const notice = noticeName(events);
  if (notice === undefined) return;
  const mask = (text: string): string => maskText(text, secrets);
  const body = noticeBody(notice, event, { host: host.machine.hostname, state, mask });
  const send = async (): Promise<void> => {
    const { sendNotice, wants } = await import('../notify/send.ts');
    await Promise.all(
      webhooks
        .filter((webhook) => wants(webhook, notice))
        .map(async (webhook) => {
          const reason = await sendNotice(host.http, webhook, body, env);
          if (reason !== undefined)
            log(event.phase as Phase, 'notice-failed', { webhook: webhook.name, notice, reason });
        }),
    );
  };
  const sending = underWay.get(host) ?? new Set();
  underWay.set(host, sending);
  const one = send()
    // The log itself may be what fails; whoever writes to it next hears of that.
    .catch((error: unknown) => context.terminal.warn(`A notice could not be sent: ${messageOf(error)}`))
    .finally(() => sending.delete(one));
  sending.add(one);
}

/** Everything that was to be sent has gone out, or was given up. */
export async function noticesGone(host: Host): Promise<void> {
  for (let sending = underWay.get(host); sending !== undefined && sending.size > 0; ) await Promise.all(sending);
}

/** The log has it, and it has gone out when this returns. What goes wrong here fails nothing. */
export async function announce<E extends EventName>(
  context: Context,
  log: Logger,
  phase: Phase,
  event: E,
  fields: FieldsOf<E>,
): Promise<LoggedEvent> {
  const logged = log(phase, event, fields);
  await noticesGone(context.host);
  return logged;
}
