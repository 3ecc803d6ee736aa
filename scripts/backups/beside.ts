// One file or folder swapped for another by renaming siblings. Where a swap stands is read from which siblings exist.
import { dirname } from 'node:path';
import type { Files } from '../host/port.ts';
import { stepFailed } from '../model/error.ts';

export interface Siblings {
  live: string;
  /** Being put together: never swapped in. */
  making: string;
  /** Of a snapshot: copies of what differs, before the whole is put together. */
  changed: string;
  /** Whole and proven. */
  fresh: string;
  /** What was live before the swap. */
  old: string;
  /** Stands for `old` where nothing was live before. */
  none: string;
  /** Decided to go: whatever lies there is removed. */
  drop: string;
}

export function siblings(live: string, stamp: string): Siblings {
  const fresh = `${live}.asd-new-${stamp}`;
  return {
    live,
    making: `${fresh}.partial`,
    changed: `${fresh}.changed`,
    fresh,
    old: `${live}.asd-old-${stamp}`,
    none: `${live}.asd-none-${stamp}`,
    drop: `${live}.asd-drop-${stamp}`,
  };
}

const there = (files: Files, path: string): boolean => files.stat(path) !== undefined;

export const isAside = (files: Files, at: Siblings): boolean => there(files, at.old) || there(files, at.none);

/** Staging has nothing left to do: it is staged, or swapped in already. */
export const isStaged = (files: Files, at: Siblings): boolean =>
  there(files, at.fresh) || (isAside(files, at) && there(files, at.live));

/** Takes away what a killed staging or clean-up left. */
export function clear(files: Files, at: Siblings): void {
  for (const path of [at.making, at.drop]) files.remove(path);
}

/** `from` (`making`, or the file in it) is whole and on the disk: from here on it may be swapped in. */
export function markStaged(files: Files, at: Siblings, from: string): void {
  move(files, from, at.fresh);
  files.remove(at.making);
}

/** @param aside moves the live content to `old`; default: one rename. @throws step-failed where nothing is staged. */
export function swapIn(files: Files, at: Siblings, aside = setAside): void {
  if (!there(files, at.fresh)) {
    if (isAside(files, at) && there(files, at.live)) return;
    throw stepFailed({ what: `nothing is staged for ${at.live}`, where: at.fresh });
  }
  if (!isAside(files, at)) aside(files, at);
  const live = files.stat(at.live);
  if (live !== undefined && (live.kind !== 'folder' || files.list(at.live).length > 0)) {
    throw stepFailed({
      what: `${at.live} was made anew while it was being restored: something still writes there`,
      hint: 'Stop what writes there, then restore again.',
    });
  }
  move(files, at.fresh, at.live);
}

function setAside(files: Files, at: Siblings): void {
  if (there(files, at.live)) move(files, at.live, at.old);
  else files.replace(at.none, '');
}

/** Old content away: first out of its name, so that half of it is never taken for the whole. @throws step-failed before the swap is done. */
export function settleSwap(files: Files, at: Siblings): void {
  if (there(files, at.fresh)) throw stepFailed({ what: `${at.live} is staged, not swapped`, where: at.fresh });
  clear(files, at);
  files.remove(at.changed);
  if (there(files, at.old)) move(files, at.old, at.drop);
  files.remove(at.none);
  files.remove(at.drop);
  flushNames(files, at);
}

/** @param back puts `old` into place again; default: one rename. */
export function undoSwap(files: Files, at: Siblings, back = putBack): void {
  clear(files, at);
  files.remove(at.changed);
  if (isAside(files, at)) {
    if (there(files, at.live)) move(files, at.live, at.drop);
    back(files, at);
  }
  files.remove(at.drop);
  if (there(files, at.fresh)) move(files, at.fresh, at.drop);
  files.remove(at.drop);
  flushNames(files, at);
}

/** What was removed stays removed, whatever happens to the machine after the step is said to be done. */
function flushNames(files: Files, { live }: Siblings): void {
  if (there(files, dirname(live))) files.sync(dirname(live));
}

function putBack(files: Files, at: Siblings): void {
  if (there(files, at.old)) move(files, at.old, at.live);
  files.remove(at.none);
}

function move(files: Files, from: string, to: string): void {
  files.rename(from, to);
  files.sync(dirname(to));
}
