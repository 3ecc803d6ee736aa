// Times as the journal writes them: UTC, whole seconds.

/** `2026-05-18T15:29:00Z` */
export const utcSeconds = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
