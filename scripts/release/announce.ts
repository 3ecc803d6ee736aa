// Where people are told of what happens while nobody looks: every event passes here, and those that somebody wants to know of are sent.
import { maskText } from '../host/mask.ts';
import type { Host } from '../host/port.ts';
import { messageOf } from '../model/error.ts';
import type { EventName, FieldsOf, LoggedEvent } from '../model/event.ts';
import type { NoticeBody, Webhook } from '../model/notice.ts';
import type { Phase, ReleaseState } from '../model/release.ts';
import { noticeBody, noticeName, wants } from '../notify/notice.ts';
import { keepNotice, leftNotices } from '../notify/outbox.ts';
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
  const kept = webhooks
    .filter((webhook) => wants(webhook, notice))
    .map((webhook) => ({ webhook, forget: keep(context, webhook, body) }));
  begin(context, async () => {
    const { sendNotice } = await import('../notify/send.ts');
    await Promise.all(
      kept.map(async ({ webhook, forget }) => {
        const reason = await sendNotice(host.http, webhook, body, env);
        if (reason !== undefined) log(event.phase as Phase, 'notice-failed', { webhook: webhook.name, notice, reason });
        forget();
      }),
    );
  });
}

/** On disk before it is sent: an engine that is killed leaves it to the next one. A disk that takes nothing more does not keep it from being sent. */
function keep({ host, paths, terminal }: Context, webhook: Webhook, body: NoticeBody): () => void {
  try {
    return keepNotice(host, paths, { webhook: webhook.name, body });
  } catch (error) {
    terminal.warn(`A notice could not be written down: ${messageOf(error)}`);
    return () => undefined;
  }
}

function begin({ host, terminal }: Context, send: () => Promise<void>): void {
  const sending = underWay.get(host) ?? new Set();
  underWay.set(host, sending);
  const one = send()
    // The log itself may be what fails; whoever writes to it next hears of that.
    .catch((error: unknown) => terminal.warn(`A notice could not be sent: ${messageOf(error)}`))
    .finally(() => sending.delete(one));
  sending.add(one);
}

/** Under the lock: begins to send what engines left that were killed, each once more. Nobody waits for it here. */
export function tellLeft(context: Context): void {
  const { host, paths, config, env, terminal } = context;
  const left = leftNotices(host, paths);
  if (left.length === 0) return;
  begin(context, async () => {
    const { sendNotice } = await import('../notify/send.ts');
    for (const { webhook: name, body, forget } of left) {
      const webhook = config.notify?.find((each) => each.name === name);
      const reason =
        webhook === undefined ? 'it is not in the settings any more' : await sendNotice(host.http, webhook, body, env);
      if (reason !== undefined)
        terminal.warn(`notify: ${name} was not told that ${body.ticket} was ${body.notice}: ${reason}`);
      forget();
    }
  });
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
