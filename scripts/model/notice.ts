// What people are told of while nobody looks: the notices that webhooks can ask for.

export const NOTICES = {
  started: 'A release begins.',
  halted: 'It failed in a phase, and waits for somebody to go on or to put it back.',
  stopped: 'It, or its revert, stopped as it was asked to.',
  unverified: 'It ended without verify.',
  'awaiting-confirm': 'It is verified, and is put back unless it is confirmed. The time begins when this has gone out.',
  extended: 'It waits longer.',
  unhealthy: 'While it waits, three probes of a service in a row failed.',
  healthy: 'That service answers again.',
  'going-back': 'It was not confirmed, or was refused: it is put back.',
  'try-failed': 'Putting it back failed, and is tried again.',
  released: 'It is final.',
  'after-confirm-failed': 'A command of after_confirm failed, which undoes nothing.',
  reverted: 'The host is back at what was there before.',
  'in-doubt': 'Putting it back failed for good: somebody has to look. It goes to every webhook, whatever it asked for.',
  abandoned: 'It was given up.',
  accepted: 'It was called released without verify.',
} as const satisfies Record<string, string>;

export type NoticeName = keyof typeof NOTICES;

/** The format of the JSON that is sent. */
export const NOTICE_SCHEMA = 1;

/** The body of a notice in the format `json`; keys that do not apply are missing. */
export interface NoticeBody {
  schema: number;
  notice: NoticeName;
  ticket: string;
  /** The host's name. */
  host: string;
  /** Of the event, UTC in whole seconds. */
  time: string;
  phase: string;
  /** All of it in one sentence. */
  text: string;
  status?: string;
  base?: string;
  target?: string;
  services?: string[];
  service?: string;
  by?: string;
  reason?: string;
  deadline?: string;
  push?: string;
  /** The literal commands that come next. */
  next?: Array<{ command: string; what: string }>;
}

/** One of `notify:`. */
export interface Webhook {
  /** What it is called where its URL must not be shown. */
  name: string;
  /** Where it is: as written in the settings, or in a variable of `.env`. */
  url: string | { env: string };
  format: 'json' | 'slack';
  notices: NoticeName[];
}
