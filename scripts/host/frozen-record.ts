// What a frozen engine consisted of when it was made, and whether it still does.
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from './keyed-hash.ts';
import { errorCode } from './safe-open.ts';

export const RECORD = 'frozen.json';

export interface FrozenRecord {
  hash: string;
  /** SHA-256 by path in the folder. */
  files: Record<string, string>;
  /** Bun has 100 MB: it is only read again where size or time of the file are not these. */
  bun: { size: number; mtimeMs: number; sha256: string };
}

function readRecord(folder: string): FrozenRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, RECORD), 'utf8')) as FrozenRecord;
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** @returns what is wrong with the frozen engine, in words; undefined: it is whole. */
export async function damage(folder: string, hash: string): Promise<string | undefined> {
  const record = readRecord(folder);
  if (record === undefined) return `${RECORD} is missing or cannot be read`;
  if (record.hash !== hash) return `it is ${record.hash}`;
  // All at once: some are hashed while others are read.
  const found = await Promise.all(
    Object.entries(record.files).map(async ([path, expected]) => {
      try {
        return sha256(await readFile(join(folder, path))) === expected ? undefined : `${path} was changed`;
      } catch (error) {
        return `${path} cannot be read (${errorCode(error)})`;
      }
    }),
  );
  return found.find((wrong) => wrong !== undefined) ?? (await bunDamage(join(folder, 'bun'), record.bun));
}

async function bunDamage(bun: string, recorded: FrozenRecord['bun']): Promise<string | undefined> {
  try {
    const { size, mtimeMs } = statSync(bun);
    if (size === recorded.size && mtimeMs === recorded.mtimeMs) return undefined;
    return sha256(await readFile(bun)) === recorded.sha256 ? undefined : 'its Bun was changed';
  } catch (error) {
    return `its Bun cannot be read (${errorCode(error)})`;
  }
}
