// Hashes that do not give the value away: HMAC-SHA-256 with a key of this host, so that a receipt can be shown to anyone.
import type { HostPaths } from './paths.ts';
import type { Host } from './port.ts';

export type KeyedHash = (text: string) => string;

/** Makes the host's key where there is none. @returns hex digits, the first 32. */
export function openKeyedHash(host: Host, paths: HostPaths): KeyedHash {
  let key = host.files.readText(paths.hostKey)?.trim();
  if (key === undefined || key.length < 32) {
    key = host.machine.random(32);
    host.files.replace(paths.hostKey, `${key}\n`, { mode: 0o600 });
  }
  const secret = key;
  return (text) => new Bun.CryptoHasher('sha256', secret).update(text).digest('hex').slice(0, 32);
}

/** sha256 of a text, in hex. */
export const sha256 = (text: string | Uint8Array): string => new Bun.CryptoHasher('sha256').update(text).digest('hex');
