// Times as people write them: digits and a unit.
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

export const MAX_DURATION_MS = 7 * 24 * 3_600_000;

/** `250ms`, `3s`, `10m` or `1h`, in milliseconds; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNIT_MS[unit] ?? 0);
}
