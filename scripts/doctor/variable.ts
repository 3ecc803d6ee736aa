// Lines of shell that give a variable of `.env` its value: a known one, or one that only a person knows, and is asked for.
import { shellWord } from '../backups/shell.ts';
import { type Mend, mend } from './check.ts';

/** Read alike with and without quotes, by dotenv and by Compose. */
const PLAIN = /^[\w.,:/@%+=-]*$/;

/** undefined where no quoting says it to everybody who reads the file. */
function assignment(name: string, value: string): string | undefined {
  if (PLAIN.test(value)) return `${name}=${value}`;
  return /['\r\n]/.test(value) ? undefined : `${name}='${value}'`;
}

/** At the end of `.env`, where it goes before an earlier one. */
export function setVariable(name: string, value: string, does: string): Mend {
  const line = assignment(name, value);
  return line === undefined ? askVariable(name) : mend(`printf '\\n%s\\n' ${shellWord(line)} >> .env`, does);
}

export const askVariable = (name: string): Mend =>
  mend(
    `read -r value && printf "\\n%s='%s'\\n" ${shellWord(name)} "$value" >> .env`,
    `then type the value of ${name}, and Enter`,
  );
