// What the figures were measured on: nothing that names the host.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg, release, totalmem } from 'node:os';

const firstLine = (argv: readonly string[], env: Record<string, string>): string => {
  const [program = '', ...args] = argv;
  const done = spawnSync(program, args, { encoding: 'utf8', env: { ...env, LC_ALL: 'C' } });
  return done.status === 0 ? (done.stdout.split('\n')[0]?.trim() ?? '') : 'none';
};

const version = (text: string): string => /\d+(?:\.\d+)+/.exec(text)?.[0] ?? 'none';

/** @param env with the PATH and DOCKER_HOST that are measured with. @returns lines of Markdown. */
export function machineLines(env: Record<string, string>): string[] {
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1] ?? 'unknown processor';
  const tools = {
    Bun: Bun.version,
    git: version(firstLine(['git', 'version'], env)),
    'Docker Engine': version(firstLine(['dockerd', '--version'], env)),
    Compose: version(firstLine(['docker', 'compose', 'version'], env)),
    zstd: version(firstLine(['zstd', '--version'], env)),
    bash: version(firstLine(['bash', '--version'], env)),
  };
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `${availableParallelism()} cores (${model}), ${memory} GiB of memory, Linux ${release()}, load at the start ${loadavg()[0]?.toFixed(2)};`,
    `${Object.entries(tools)
      .map(([name, text]) => `${name} ${text}`)
      .join(', ')}.`,
  ];
}
