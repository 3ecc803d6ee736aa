// A gate that hooks and scripts of a scenario wait at. It is shut from the beginning.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Gate {
  open(): void;
  /** What a hook does to wait, in TypeScript. */
  wait: string;
  /** The same in shell, a line. */
  waitSh: string;
}

/** @param folder of the scenario's host. */
export function shutGate(folder: string, name: string): Gate {
  const file = join(folder, `gate-${name}`);
  writeFileSync(file, '');
  return {
    open: () => rmSync(file, { force: true }),
    wait: `while (await Bun.file(${JSON.stringify(file)}).exists()) await Bun.sleep(10);`,
    waitSh: `while [ -e '${file}' ]; do sleep 0.02; done\n`,
  };
}
