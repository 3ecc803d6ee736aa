// What the demo prints: numbered steps, the commands as an operator types them, and their output set in.
const bold = (text: string) => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);
let steps = 0;

export function say(...lines: string[]): void {
  for (const line of lines) console.log(line);
}

/** One line that says what comes next, for somebody who sees this for the first time. */
export function step(text: string): void {
  steps += 1;
  say('', bold(`${steps}. ${text}`));
}

/** A command as it would be typed. */
export function typed(command: string): void {
  say(`   ${bold(`$ ${command}`)}`);
}

export function output(line: string): void {
  say(`     ${line}`);
}

/** A claim that the demo has checked. @throws Error where it does not hold. */
export function check(claim: string, holds: boolean, found?: unknown): void {
  if (!holds)
    throw new Error(`not as it should be: ${claim}${found === undefined ? '' : `; found ${JSON.stringify(found)}`}`);
  say(`   ok: ${claim}`);
}
