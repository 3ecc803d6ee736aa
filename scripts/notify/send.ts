// One notice to one webhook, tried three times. Whatever goes wrong is a word for the log; the URL, which holds a secret, is in none.
import type { Http } from '../host/port.ts';
import { retrying } from '../host/retry.ts';
import type { NoticeBody, Webhook } from '../model/notice.ts';
import { slackBody } from './notice.ts';

const TIMEOUT_MS = 5_000;
const RETRIES = 2;
const FIRST_WAIT_MS = 500;

/** It got an answer that says no. */
class Answered extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`it answered ${status}${status >= 300 && status < 400 ? ', and a redirect is not followed' : ''}`);
    this.status = status;
  }
}

/** What may be better in a moment: a server's own trouble, too many requests, nothing heard. */
const mayPass = (error: unknown): boolean =>
  !(error instanceof Answered) || error.status >= 500 || error.status === 429 || error.status === 408;

/** The URL of a webhook; undefined where `.env` does not have it. */
export const urlOf = ({ url }: Webhook, env: Readonly<Record<string, string>>): string | undefined =>
  typeof url === 'string' ? url : env[url.env] || undefined;

/** @returns why it was not delivered, in words; undefined: it was. Never throws. */
export async function sendNotice(
  http: Pick<Http, 'post'>,
  webhook: Webhook,
  body: NoticeBody,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const url = urlOf(webhook, env);
  if (url === undefined) return `${typeof webhook.url === 'string' ? 'its URL' : webhook.url.env} is not in .env`;
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url)) return 'its URL is none: it begins with https:// or http://';
  const text = JSON.stringify(webhook.format === 'slack' ? slackBody(body) : body);
  try {
    await retrying(
      async () => {
        const { status } = await http.post(url, { json: text, timeoutMs: TIMEOUT_MS });
        if (status < 200 || status > 299) throw new Answered(status);
      },
      { retries: RETRIES, firstWaitMs: FIRST_WAIT_MS, mayPass },
    );
    return undefined;
  } catch (error) {
    return inWords(error);
  }
}

/** An error's own words may hold the address. */
function inWords(error: unknown): string {
  if (error instanceof Answered) return error.message;
  const { name, code } = error as { name?: unknown; code?: unknown };
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  return `it could not be reached (${[code, name].find((word) => typeof word === 'string' && word !== '') ?? 'unknown'})`;
}
