// What containers said last, from Docker's own logs.
import type { RunningComponent, RuntimeContext } from '../runtime.ts';
import { docker } from './command.ts';

const LINES = '15';

/** See Runtime.lastWords. */
export async function lastWords(context: RuntimeContext, components: readonly RunningComponent[]): Promise<string[]> {
  const said: string[] = [];
  for (const { name, instance } of components) {
    const { tail } = await docker(context, ['logs', '--tail', LINES, instance], {
      what: `the output of ${name} could not be read`,
      unrecorded: true,
    });
    said.push(...tail.filter((line) => line.trim() !== '').map((line) => `${name}: ${line}`));
  }
  return said;
}
