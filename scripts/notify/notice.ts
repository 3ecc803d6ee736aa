// An event of a release -> what people are told of it. Most events are told to nobody.
import type { LoggedEvent } from '../model/event.ts';
import { NOTICE_SCHEMA, type NoticeBody, type NoticeName, type Webhook } from '../model/notice.ts';
import type { ReleaseState } from '../model/release.ts';
import { nextSteps } from '../plan/next.ts';

/** @param events all of the release, this one the last. @returns undefined where nobody has to know. */
export function noticeName(events: readonly LoggedEvent[]): NoticeName | undefined {
  const event = events.at(-1);
  if (!event) return undefined;
  const { phase, fields } = event;
  switch (event.event) {
    case 'start':
      return phase === 'prepare' ? 'started' : undefined;
    case 'failed':
      if (phase !== 'revert') return 'halted';
      return isTriedAgain(events) ? undefined : 'in-doubt';
    case 'notice':
      return phase === 'verify' && fields.within !== undefined ? 'awaiting-confirm' : undefined;
    case 'step-failed':
      return phase === 'confirm' ? 'after-confirm-failed' : undefined;
    case 'stopped':
    case 'unverified':
    case 'extended':
    case 'unhealthy':
    case 'healthy':
    case 'going-back':
    case 'try-failed':
    case 'released':
    case 'reverted':
    case 'abandoned':
    case 'accepted':
      return event.event;
    default:
      return undefined;
  }
}

/** A revert that nobody asked for fails with a try-failed, and only the last of them with the word that it was given up. */
function isTriedAgain(events: readonly LoggedEvent[]): boolean {
  const armed = events.findLastIndex((e) => e.event === 'armed' && e.fields.within !== undefined);
  const since = events.slice(Math.max(armed, 0));
  const begun = since.findLast((e) => e.phase === 'revert' && e.event === 'start');
  const byItself = since.some((e) => e.event === 'going-back') && begun?.fields.cause !== undefined;
  return byItself && !(events.at(-1)?.fields.reason ?? '').startsWith('given up');
}

const SAYS: Record<NoticeName, string> = {
  started: 'begins',
  halted: 'failed and is halted',
  stopped: 'was stopped',
  unverified: 'ended without verify',
  'awaiting-confirm': 'is verified and waits for its confirmation',
  extended: 'waits longer for its confirmation',
  unhealthy: 'waits for its confirmation, and is not healthy',
  healthy: 'waits for its confirmation, and is healthy again',
  'going-back': 'is being put back',
  'try-failed': 'could not be put back',
  released: 'is released',
  'after-confirm-failed': 'is released, but a command of after_confirm failed',
  reverted: 'was put back and verified',
  'in-doubt': 'could not be put back: it is in doubt',
  abandoned: 'was given up',
  accepted: 'was called released',
};

const REASON_CHARS = 500;

/** @param mask takes secrets out of a text. */
export function noticeBody(
  notice: NoticeName,
  { time, ticket, phase, fields }: LoggedEvent,
  of: { host: string; state: ReleaseState | undefined; mask(text: string): string },
): NoticeBody {
  const { state } = of;
  const why = fields.reason ?? fields.cause ?? fields.what;
  const reason = why === undefined ? undefined : of.mask(why).slice(0, REASON_CHARS).toWellFormed();
  const { service, by, push, deadline = state?.deadline } = fields;
  const about = [service, phase === 'confirm' ? undefined : phase, fields.step].filter((word) => word !== undefined);
  return {
    schema: NOTICE_SCHEMA,
    notice,
    ticket,
    host: of.host,
    time,
    phase,
    text: `${of.host}: ${ticket} ${SAYS[notice]} (${about.join(', ') || phase})${reason === undefined ? '' : `: ${reason}`}`,
    ...(state === undefined
      ? {}
      : {
          status: state.releaseStatus,
          base: state.baseSha,
          target: state.targetSha,
          services: state.services,
          next: nextSteps(state),
        }),
    ...(service === undefined ? {} : { service }),
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(push === undefined ? {} : { push }),
  };
}

/** As Slack's incoming webhooks take it, and those that are made like them. https://api.slack.com/messaging/webhooks */
export function slackBody({ text, next = [] }: NoticeBody): { text: string } {
  const escaped = (words: string): string =>
    words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const commands = next.map(({ command, what }) => `${command}  # ${what}`).join('\n');
  return { text: escaped(commands === '' ? text : `${text}\n\`\`\`\n${commands}\n\`\`\``) };
}

/** Whether a webhook wants to know: what is in doubt is told to everybody. */
export const wants = ({ notices }: Webhook, notice: NoticeName): boolean =>
  notice === 'in-doubt' || notices.includes(notice);
