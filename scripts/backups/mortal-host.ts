// For tests: a host that dies. After so many effects nothing happens any more, as after kill -9: no clean-up runs, since that, too, fails.
import type { Host } from '../host/port.ts';

export class Killed extends Error {}

const FILE_EFFECTS = new Set(['replace', 'append', 'mkdir', 'rename', 'remove', 'copy', 'link', 'symlink', 'chmod']);
const EXEC_EFFECTS = new Set(['run', 'pipe', 'start']);

/** @param life how many effects succeed. `spent` counts those that were tried. */
export function mortalHost(host: Host, life: number): { host: Host; dead(): boolean; spent(): number } {
  let left = life;
  const mortal = <T extends object>(part: T, effects: ReadonlySet<string>): T =>
    new Proxy(part, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (left < 0 || (effects.has(String(name)) && --left < 0)) throw new Killed(`killed at ${String(name)}`);
          return Reflect.apply(value, target, args);
        };
      },
    });
  const part = { ...host, files: mortal(host.files, FILE_EFFECTS), exec: mortal(host.exec, EXEC_EFFECTS) };
  return { host: part, dead: () => left < 0, spent: () => life - left };
}
