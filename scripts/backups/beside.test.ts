// A swap by renaming siblings, killed after each effect: until it is settled, what was live can come back whole.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Files } from '../host/port.ts';
import { openHost } from '../host/real.ts';
import { type Siblings, settleSwap, siblings, swapIn, undoSwap } from './beside.ts';
import { Killed, mortalHost } from './mortal-host.ts';

/** More than a swap has. */
const EFFECTS = 6;
const host = openHost();
let root: string;
let at: Siblings;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'beside-'));
  at = siblings(join(root, 'data'), '20260518_153059');
  for (const [folder, content] of [
    [at.live, 'old'],
    [at.fresh, 'new'],
  ] as const) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), content);
  }
});
afterEach(() => rmSync(root, { recursive: true }));

const read = (folder: string) => readFileSync(join(folder, 'file'), 'utf8');

function killedAfter(life: number, act: (files: Files) => void): void {
  try {
    act(mortalHost(host, life).host.files);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
}

const lives = Array.from({ length: EFFECTS }, (_, life) => life);

test.each(lives)('killed after %d effects, a swap is finished by the same call, and so is its clean-up', (life) => {
  killedAfter(life, (files) => swapIn(files, at));
  swapIn(host.files, at);
  expect([read(at.live), read(at.old)]).toEqual(['new', 'old']);
  killedAfter(life, (files) => settleSwap(files, at));
  settleSwap(host.files, at);
  expect([read(at.live), readdirSync(root)]).toEqual(['new', ['data']]);
});

test.each(lives)('killed after %d effects, a swap is undone, though the undo is killed there, too', (life) => {
  killedAfter(life, (files) => swapIn(files, at));
  killedAfter(life, (files) => undoSwap(files, at));
  undoSwap(host.files, at);
  expect([read(at.live), readdirSync(root)]).toEqual(['old', ['data']]);
});
