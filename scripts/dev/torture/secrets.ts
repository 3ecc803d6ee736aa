// Secrets in what commands say: in every encoding that is promised to be seen, between other words, cut into chunks anywhere.
import { parse } from 'dotenv';
import { secretsOf } from '../../host/mask.ts';
import { openOutput } from '../../host/output.ts';
import { CANARIES, envLine, leaked, secretOf } from './canaries.ts';
import { type LongForm, randomAt, tryAll } from './long-form.ts';

const wrap = (text: string, columns: number): string => text.replaceAll(new RegExp(`.{${columns}}`, 'gu'), '$&\n');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** As programs print what they know. */
const FORMS: ReadonlyArray<(secret: string) => string> = [
  (secret) => secret,
  (secret) => JSON.stringify({ password: secret }),
  base64,
  (secret) => `${wrap(base64(`${secret}\n`), 76)}\n`,
  (secret) => `${wrap(base64(secret), 64)}\n`,
  (secret) => base64(`user:${secret}@host`),
  (secret) => `${wrap(base64(`https://user:${secret}@example.org/path`), 76)}\n`,
  (secret) => (secret.includes('\n') ? secret : wrap(secret, 20)),
  (secret) => Buffer.from(`x${secret}`).toString('base64url'),
  encodeURIComponent,
  (secret) => `https://user:${encodeURIComponent(secret).replaceAll('%20', '+')}@example.org/`,
  (secret) => secret.split('\n').join('\r\n'),
  (secret) => `'${secret.replaceAll("'", "'\\''")}'`,
  (secret) => secret.replaceAll(/[^A-Za-z0-9_/.:=@%+~#\n\u0080-\u{10ffff}-]/gu, '\\$&'),
  // A terminal would show it whole.
  (secret) => `${secret.slice(0, 4)}\x1b[0m${secret.slice(4)}`,
];
const AROUND = ['', 'DB_PASS=', 'login failed for ', '\x1b[31m', '***', '\n', '  '];

const known = secretsOf(parse(CANARIES.map(envLine).join('')));

/** @returns the names of what leaked. */
function said(random: (below: number) => number): string[] {
  const words = Array.from({ length: 1 + random(4) }, () => {
    const canary = CANARIES[random(CANARIES.length)];
    const form = FORMS[random(FORMS.length)];
    const around = AROUND[random(AROUND.length)] ?? '';
    return `${around}${canary && form ? form(secretOf(canary)) : ''}${around}`;
  });
  const bytes = Buffer.from(words.join(random(2) === 0 ? '\n' : ' '));
  const lines: string[] = [];
  const output = openOutput({ secrets: known, onLine: (line) => void lines.push(line) });
  const stream = output.stream();
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random(random(3) === 0 ? 3 : 60);
    stream.push(bytes.subarray(at, at + size));
    at += size;
  }
  stream.end();
  output.close();
  return leaked(lines.join('\n'));
}

export const SECRETS: LongForm = {
  kind: 'secrets',
  what: '40 secrets in fifteen encodings, in chunks of any size',
  count: 20_000,
  async run(wish) {
    const done = await tryAll('secrets', wish, (at) => {
      const names = said(randomAt(wish.seed, at));
      return names.length === 0 ? undefined : `seen: ${names.join(' ')}`;
    });
    return { ...done, notes: [] };
  },
};
