// Words for the commands in RESTORE.txt, which people paste into bash: the one place where backups quote for a shell.

/** One word, whatever it holds. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9@%+=:,./_-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** A comment line: what would end the line is shown as a question mark. */
export const shellComment = (text: string): string => `# ${text.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]/g, '?')}`;
