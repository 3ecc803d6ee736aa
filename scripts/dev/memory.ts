// For tests of what stays in memory: a process of its own, since what other tests left in theirs would be measured, too.
import { join } from 'node:path';

interface Program {
  /** Imports and what the others need: TypeScript, as a module's text. */
  setup: string;
  /** Statements that are run before the measure: what is loaded once, and first buffers. */
  warm: string;
  /** An expression, awaited; its value goes through JSON. */
  work: string;
}

/** @returns the value of `work`, and by how many bytes the largest resident set grew during it. @throws when the program fails, with what it said. */
export async function memoryOf({ setup, warm, work }: Program): Promise<{ value: unknown; grownBytes: number }> {
  const program = `
    import { ownPeakMb } from ${JSON.stringify(join(import.meta.dir, 'bench', 'own-memory.ts'))};
    ${setup}
    ${warm}
    const before = ownPeakMb();
    const value = await (${work});
    console.log(JSON.stringify({ value, grownBytes: (ownPeakMb() - before) * 1e6 }));
  `;
  const child = Bun.spawn([process.execPath, '-e', program], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`the measured program ended with ${code}:\n${err}`);
  return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
}
