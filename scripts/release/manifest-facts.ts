// What a look at the manifests of thousands of packages found, kept by the ids of the packages' trees: what did not change is not read again.
import { join } from 'node:path';
import { readerHash } from '../host/engine-files.ts';
import { sha256 } from '../host/keyed-hash.ts';
import type { HostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { errorCode } from '../host/safe-open.ts';
import { ReleaseError } from '../model/error.ts';
import type { ServiceGlance } from '../plan/classify.ts';

/** What is known of a manifest without its text. */
export interface ManifestFacts extends ServiceGlance {
  /** See claimsOf. */
  claims: string;
}

export interface FactStore {
  /** By tree id; empty where there is nothing that can be trusted. */
  read(): Map<string, ManifestFacts>;
  /** Where it cannot be written, the next look takes longer; nothing else. */
  write(facts: ReadonlyArray<readonly [tree: string, ManifestFacts]>): void;
}

/** Set where the engine is bundled: the sources may change while it runs. */
declare const BUNDLED_READER: string | undefined;

const MAX_BYTES = 8 * 1024 * 1024;
/** One that is longer is looked at again each time. */
const MAX_ENTRY = 4096;

/** One file for all of them: a line with the reader's version and the sum of the rest, then the rest. */
export function openFacts(host: Host, paths: HostPaths): FactStore {
  const { files, machine } = host;
  const path = join(paths.cache, 'manifests');
  let hash: string | undefined;
  const version = () => {
    hash ??= typeof BUNDLED_READER === 'string' ? BUNDLED_READER : readerHash(paths.engine);
    return hash;
  };
  const ours = (at: string, forbidden: number): boolean => {
    const stat = files.stat(at);
    return stat !== undefined && stat.kind !== 'link' && stat.uid === machine.uid && (stat.mode & forbidden) === 0;
  };
  const text = (): string => {
    // In a folder that others can write to, they can put our own old file back.
    if (!ours(paths.cache, 0o022) || !ours(path, 0o077)) return '';
    return files.readText(path, { maxBytes: MAX_BYTES }) ?? '';
  };
  return {
    read() {
      const whole = orNothing(text) ?? '';
      const end = whole.indexOf('\n');
      const rest = whole.slice(end + 1);
      if (end < 0 || whole.slice(0, end) !== `${version()} ${sha256(rest)}`) return new Map();
      return new Map(JSON.parse(rest) as Array<[string, ManifestFacts]>);
    },
    write(facts) {
      const rest = JSON.stringify(facts.filter(([, one]) => JSON.stringify(one).length <= MAX_ENTRY));
      const whole = `${version()} ${sha256(rest)}\n${rest}`;
      if (Buffer.byteLength(whole) > MAX_BYTES) return;
      orNothing(() => {
        files.mkdir(paths.cache);
        files.replace(path, whole);
      });
    },
  };
}

/** undefined where the file system, or what stands in the file's place, does not let us. */
function orNothing<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof ReleaseError || errorCode(error) !== undefined) return undefined;
    throw error;
  }
}
