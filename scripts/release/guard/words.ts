// How deadlines are said.
import { durationMs } from '../../model/duration.ts';

/** `45s`, `10m`, `1h30m`: rounded down to seconds, as people type it. */
export function inWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const parts = [h > 0 ? `${h}h` : '', m > 0 ? `${m}m` : '', s > 0 ? `${s}s` : ''];
  return parts.join('') || `${Math.max(0, Math.floor(ms))}ms`;
}

/** What `inWords` said, in milliseconds; undefined for anything else. */
export function fromWords(text: string): number | undefined {
  const parts = text.match(/\d{1,9}(?:ms|s|m|h)/g) ?? [];
  if (parts.length === 0 || parts.join('') !== text) return undefined;
  return parts.reduce((sum, part) => sum + (durationMs(part) ?? 0), 0);
}
