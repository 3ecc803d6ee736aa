// The engine's own Bun and just. As somebody's dependency, the engine's packages may lie beside it.
import { join } from 'node:path';
import type { Host } from './port.ts';

const PLACES = ['node_modules', '..'];
const FILES = {
  bun: ['@oven/bun-linux-x64/bin/bun', 'bun/bin/bun.exe'],
  just: ['rust-just-linux-x64/bin/just'],
};

/** @param engine its folder. @returns the absolute path; undefined where `bootstrap` has not put it there. */
export const ownProgram = (
  { exec }: Pick<Host, 'exec'>,
  engine: string,
  name: keyof typeof FILES,
): string | undefined =>
  PLACES.flatMap((place) => FILES[name].map((file) => join(engine, place, file))).find(
    (path) => exec.which(path) !== undefined,
  );
