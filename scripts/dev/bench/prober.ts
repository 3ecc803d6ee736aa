// The prober as a process of its own, so that nothing that the bench does delays it.
import { ownProgram } from './program.ts';

export interface Gap {
  /** Milliseconds of the prober's clock. */
  from: number;
  to: number;
}

/** Probes while `act` runs, and a moment longer. @returns what act does, and for each port the longest time without an answer. */
export async function whileProbed<T>(
  ports: readonly number[],
  env: Record<string, string>,
  act: () => Promise<T>,
): Promise<{ value: T; gaps: Gap[] }> {
  const argv = ownProgram('scripts/dev/bench/prober-program.ts', ...ports.map(String));
  const child = Bun.spawn(argv, { env, stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' });
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let text = '';
  const until = async (enough: () => boolean) => {
    for (;;) {
      if (enough()) return;
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
    }
  };
  try {
    await until(() => text.includes('ready\n'));
    const value = await act();
    await Bun.sleep(200);
    child.stdin.end();
    await until(() => false);
    return { value, gaps: JSON.parse(text.slice(text.indexOf('\n'))) as Gap[] };
  } finally {
    child.kill();
    await child.exited;
  }
}
