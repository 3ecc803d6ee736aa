// For verbs that tell what they did in sentences: with --json, these are one document.
import type { World } from './world.ts';

/** @param act gets a world that keeps what it is told to say. @returns its exit code; where it throws, nothing was printed. */
export async function saying(world: World, json: boolean, act: (world: World) => Promise<number>): Promise<number> {
  if (!json) return await act(world);
  const said: string[] = [];
  const { terminal } = world;
  const keeping = {
    say: (line: string): void => void said.push(line),
    warn: terminal.warn,
    status: () => undefined,
    isTty: false,
    get detached() {
      return terminal.detached;
    },
  };
  const exit = await act({ ...world, terminal: keeping });
  terminal.say(JSON.stringify({ exit, said }));
  return exit;
}
