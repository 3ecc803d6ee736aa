// Programs that tell every secret they know, and a search through everything that a host said or wrote: records, output, process list.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CANARIES, type Canary, envLine, leaked } from '../../../scripts/dev/torture/canaries.ts';

/** Its name says nothing, so that nothing hides it: what finds it would find the others, too. */
export const CONTROL: Canary = { name: 'PLAIN_WORDS', value: 'canary98Xplain-for-all-to-see' };
/** Rows of a database and of a dump, the password of origin, a webhook's address: not in `.env` under names of their own. */
export const ROWS = 37;
export const REMOTE = 38;
export const WEBHOOK = 39;

export const canary = (n: number): Canary => {
  const found = CANARIES[n];
  if (found === undefined) throw new Error(`there is no canary ${n}`);
  return found;
};

const inEnv = CANARIES.filter((_, n) => n < ROWS);
const names = inEnv.map(({ name }) => name);
const sum = (text: string): string => new Bun.CryptoHasher('sha256').update(text).digest('hex');

/** As programs have to get them. */
export const given: Record<string, string> = Object.fromEntries(inEnv.map(({ name, value }) => [name, value]));

/** Lines of `.env`, written as dotenv reads them. */
export const envLines: Record<string, string> = Object.fromEntries(
  [...inEnv, CONTROL].map((each) => [
    each.name,
    envLine(each)
      .slice(each.name.length + 1)
      .trimEnd(),
  ]),
);

/** That each arrived as it is; then whole, encoded, in URLs, in pieces over chunks, on both streams. @param more what comes after it. */
export const tells = (more = ''): string => `
const names = ${JSON.stringify(names)};
const values = names.map((name) => process.env[name] ?? '');
const sums = ${JSON.stringify(inEnv.map(({ value }) => sum(value)))};
const other = names.filter((_, n) => new Bun.CryptoHasher('sha256').update(values[n]).digest('hex') !== sums[n]);
if (other.length > 0) throw new Error('not as in .env: ' + other);
const base64 = (text) => Buffer.from(text).toString('base64');
console.log('control', process.env.${CONTROL.name});
for (const value of values) {
  console.log(value);
  console.error('failed: ' + JSON.stringify({ value }));
  console.log(base64(value), base64('user:' + value).replace(/.{20}/g, '$&\\n'), encodeURIComponent(value));
  console.error('connect postgres://app:' + encodeURIComponent(value) + '@db/x; --password=' + JSON.stringify(value));
  console.log(value.slice(0, 8) + '\\x1b[1m' + value.slice(8) + '\\x1b[0m');
}
for (const value of values.slice(0, 10)) {
  for (const piece of value.match(/[^]{1,5}/gu) ?? []) {
    process.stdout.write(piece);
    await Bun.sleep(0);
  }
  process.stdout.write('\\n');
}
${more}
`;

/** Bash says what it does, with quotes of its own; base64 breaks its lines. It starts no program with a secret among its arguments. */
export const TELLS_SH = `set -x
for name in ${names.join(' ')}; do
  printf '%s\\n' "\${!name}"
  printf '%q\\n' "\${!name}" >&2
done
for name in ${names.slice(0, 10).join(' ')}; do printf '%s' "\${!name}" | base64; done
declare -p ${names.slice(0, 3).join(' ')}
sh -c 'sleep 0.2; : "$0"' "$${CONTROL.name}"
`;

/** The same, and a dump into ASD_BACKUP_DIR. */
export const BACKUP_SH = `${TELLS_SH}
cp "$ASD_ROOT/.asd/workspace/alpha/rows.txt" "$ASD_BACKUP_DIR/rows.txt"
`;

/** A service that tells its log what it was started with, in front of what it is. */
export const tellsFirst = (program: string): string =>
  `for (const name of ${JSON.stringify(names)}) console.error('started with', name, process.env[name]);\n${program}`;

const LOOK_MS = 25;

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch (error) {
    // It ended while we looked.
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
}

const pids = (): string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

/** The arguments of all processes that begin from now on, looked at again and again until it is told to stop. */
export function watchArguments() {
  const others = new Set(pids());
  const lines = new Set<string>();
  const look = (): void => {
    for (const pid of pids()) if (!others.has(pid)) lines.add(argumentsOf(pid).replaceAll('\0', ' '));
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    look,
    /** Everything that was seen so far, each once. */
    seen: (): string[] => [...lines],
    stop: () => clearInterval(timer),
  };
}

export interface Written {
  path: string;
  mode: number;
  isFolder: boolean;
  /** Undefined for what is a copy of data, of \`.env\`, or of the engine. */
  text: string | undefined;
}

/** What a backup holds is what it is for; what it says of it is a record. Compose's answers hold what Compose gives to containers. */
const isPayload = (path: string): boolean =>
  (path.startsWith('backups/') && !/\/(?:backup\.json|RESTORE\.txt)$/.test(path)) || path.startsWith('cache/compose/');

/** Everything below .asd/workspace but the frozen engine and the data of alpha. */
export function writtenBelow(prod: string): Written[] {
  const workspace = join(prod, '.asd/workspace');
  return readdirSync(workspace, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const full = join(entry.parentPath, entry.name);
    const path = full.slice(workspace.length + 1);
    if (/^(?:engine|alpha)(?:\/|$)/.test(path)) return [];
    const text = entry.isFile() && !isPayload(path) ? readFileSync(full, 'utf8') : undefined;
    return [{ path, mode: statSync(full).mode & 0o777, isFolder: entry.isDirectory(), text }];
  });
}

/** @returns `what: CANARY` for each that can be made out in a text. */
export const leaksIn = (texts: ReadonlyArray<readonly [what: string, text: string]>, of = CANARIES): string[] =>
  texts.flatMap(([what, text]) => leaked(text, of).map((name) => `${what}: ${name}`));
