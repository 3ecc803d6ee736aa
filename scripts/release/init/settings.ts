// The settings of a new host: all of them as comments, but for a branch that is not main.

const HEAD = `# Settings of Belay on this host. All are optional, and what is not set has the default that its comment says.
`;

/** @param example every key, annotated. @param branch the one that is checked out; undefined: none. */
export function settingsText(example: string, branch: string | undefined): string {
  const own =
    branch === undefined || branch === 'main'
      ? ''
      : `# guessed: it is checked out now\nbranch: ${JSON.stringify(branch)}\n`;
  const comments = example
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => (line === '' || line.startsWith('#') ? line : `# ${line}`));
  return `${HEAD}${own}${comments.join('\n')}\n`;
}
