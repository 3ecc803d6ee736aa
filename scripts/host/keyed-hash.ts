// Hashes that do not give the value away: HMAC-SHA-256 with a key of this host, so that a receipt can be shown to anyone.
import type { HostPaths } from './paths.ts';
import type { Host } from './port.ts';

const KEY_DIGITS = 64;

export type KeyedHash = (text: string) => string;

/** With the host's key as it is; undefined where there is none, and so nothing was hashed yet. Writes nothing. */
export function readKeyedHash(host: Host, paths: HostPaths): KeyedHash | undefined {
  const key = host.files.readText(paths.hostKey)?.trim();
  return key === undefined || key.length < KEY_DIGITS ? undefined : keyedWith(key);
}

/** Makes the host's key where there is none. @returns hex digits, the first 32. */
export function openKeyedHash(host: Host, paths: HostPaths): KeyedHash {
  const known = readKeyedHash(host, paths);
  if (known) return known;
  const key = host.machine.random(KEY_DIGITS / 2);
  host.files.replace(paths.hostKey, `${key}\n`, { mode: 0o600 });
  return keyedWith(key);
}

const keyedWith =
  (key: string): KeyedHash =>
  (text) =>
    new Bun.CryptoHasher('sha256', key).update(text).digest('hex').slice(0, 32);

/** sha256 of a text, in hex. */
export const sha256 = (text: string | Uint8Array): string => new Bun.CryptoHasher('sha256').update(text).digest('hex');
