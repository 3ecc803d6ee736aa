// The README's demo ends with an independent proof, leaves nothing behind, and fails where the host is not as it was.
import { expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processesOf, startCommand } from './harness/process.ts';

const PROGRAM = join(import.meta.dir, '..', '..', 'scripts', 'dev', 'demo.ts');
const MINUTES = 60_000;

/** @param broken is called once, when the broken release is about to begin, with the demo's folder. */
async function demo(broken: (folder: string) => void = () => undefined) {
  const started = startCommand([process.execPath, PROGRAM], '/', process.env as Record<string, string>);
  let text = '';
  let told = false;
  const folder = () => /, in (\/\S+)/.exec(text)?.[1] ?? '';
  started.child.stdout?.on('data', (chunk: string) => {
    text += chunk;
    if (told || !text.includes('The next release is broken on purpose')) return;
    told = true;
    broken(folder());
  });
  const { code } = await started.ended;
  return { code, text, folder: folder() };
}

test(
  'it ends with: no difference, except the revert commit',
  async () => {
    const { code, text, folder } = await demo();
    expect(text).toContain('No difference, except the revert commit.');
    expect(text).toContain('Nothing is left behind');
    expect(code).toBe(0);
    expect(existsSync(folder)).toBe(false);
    expect(processesOf(folder)).toEqual([]);
  },
  5 * MINUTES,
);

test(
  'a difference that the way back leaves fails it, by name',
  async () => {
    const { code, text, folder } = await demo((at) => writeFileSync(join(at, 'prod', 'left-by-hand'), 'x'));
    expect(text).toMatch(/checkout: \+ left-by-hand file/);
    expect(text).toContain('The demo failed: not as it should be: the host is what it was before the broken release');
    expect(text).not.toContain('No difference');
    expect(code).toBe(1);
    expect(existsSync(folder)).toBe(false);
    expect(processesOf(folder)).toEqual([]);
  },
  5 * MINUTES,
);
