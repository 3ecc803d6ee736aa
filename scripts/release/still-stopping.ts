// What a second INT or TERM is told: what still runs, and what it would cost to end that the hard way.

/** @param open ids of the steps that were begun and have not ended. @param again the command that goes on afterwards. */
export function stillStopping(signal: string, open: ReadonlySet<string>, again: string): string {
  const now = open.size === 0 ? 'what runs now' : [...open].join(', ');
  return `${signal} again: still stopping; ${now} ends by itself, or by its time-out. kill -9 would leave it half done, to be looked at first by: ${again}`;
}
