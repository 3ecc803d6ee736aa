// Forty secrets as hosts have them, and how to find one again in whatever form it got out. Knows nothing of how the engine masks.

/** Told apart by the number in their middle, so that a leak names its canary. */
const body = (n: number): string => `canary${String(n).padStart(2, '0')}X${(n * 7_919 + 104_729).toString(36)}q`;

/** What is around and inside of it. */
const SHAPES: ReadonlyArray<(text: string) => string> = [
  (text) => text,
  (text) => `${text}"quoted"`,
  (text) => `${text} with spaces`,
  (text) => `${text}$HOME`,
  (text) => `${text}$(id)`,
  (text) => `-----BEGIN KEY-----\n${text}${text}${text}\n${text}==\n-----END KEY-----`,
  (text) => Buffer.from(`${text}:${text}:${text}`).toString('base64'),
  (text) => `${text}+/=&?#%`,
  (text) => `${text}\\n\\t`,
  (text) => `${text}-Ü-ß-\u{1f600}`,
];
const WORDS = ['PASSWORD', 'SECRET', 'TOKEN', 'KEY', 'CREDENTIAL', 'DSN', 'DB_PASS', 'API_KEY'];

export interface Canary {
  name: string;
  value: string;
}

/** The last ten are the passwords of URLs, in variables whose names say nothing. */
export const CANARIES: readonly Canary[] = Array.from({ length: 40 }, (_, n) => {
  const shape = SHAPES[n % SHAPES.length] ?? String;
  if (n < 30) return { name: `C${n}_${WORDS[n % WORDS.length]}`, value: shape(body(n)) };
  return { name: `C${n}_URL`, value: `https://user${n}:${encodeURIComponent(shape(body(n)))}@example.org:1${n}/x?y=z` };
});

/** What must not be seen of it: of a URL its password alone. */
export function secretOf({ value }: Canary): string {
  const inUrl = /^\w+:\/\/[^:@]*:([^@]*)@/.exec(value)?.[1];
  return inUrl === undefined ? value : decodeURIComponent(inUrl);
}

/** As dotenv and Compose read it back: in apostrophes where the one or the other would take it apart. None has an apostrophe itself. */
export function envLine({ name, value }: Canary): string {
  return /["\\$]/.test(value) ? `${name}='${value}'\n` : `${name}="${value}"\n`;
}

const WINDOW = 10;

/** Parts of a secret that would give it away: of each line that is worth something, so many characters. */
function windows(secret: string): string[] {
  return secret.split('\n').flatMap((line) => {
    if (line.length < 6 || /^-----/.test(line)) return [];
    const size = Math.min(WINDOW, line.length);
    return Array.from({ length: line.length - size + 1 }, (_, at) => line.slice(at, at + size));
  });
}

function unquoted(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replaceAll(/(?:%[0-9a-f]{2})+/gi, (hex) => Buffer.from(hex.replaceAll('%', ''), 'hex').toString());
}

/** Base64 in a text, joined where it was wrapped, read at each place where it could begin. */
function unpacked(text: string): string[] {
  const joined = text.replaceAll(/([A-Za-z0-9+/_-])\r?\n(?=[A-Za-z0-9+/_-])/g, '$1');
  const runs = joined.match(/[A-Za-z0-9+/_-]{16,}/g) ?? [];
  return runs.flatMap((run) => [0, 1, 2, 3].map((at) => Buffer.from(run.slice(at), 'base64').toString()));
}

/** @returns names of the canaries that somebody who has the text would know of. @param of default: all. */
export function leaked(text: string, of: readonly Canary[] = CANARIES): string[] {
  const forms = [text, unquoted(text), text.replaceAll('\\"', '"').replaceAll('\\\\', '\\'), ...unpacked(text)].join(
    '\n\n',
  );
  return of.filter((canary) => windows(secretOf(canary)).some((part) => forms.includes(part))).map(({ name }) => name);
}
