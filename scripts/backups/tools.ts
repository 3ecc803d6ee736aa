// The programs that backups are made with, and the bare environment that they run in.
import { refused } from '../model/error.ts';
import type { RuntimeContext } from '../runtimes/runtime.ts';

const STANDARD_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const PACKAGES: Record<string, string> = { tar: 'tar', zstd: 'zstd', tr: 'coreutils', du: 'coreutils' };

/** Nothing of the operator's environment but PATH, so that TAR_OPTIONS, ZSTD_CLEVEL and the like change nothing. */
export function toolEnv(context: RuntimeContext): Record<string, string> {
  return { PATH: context.host.machine.env.PATH ?? STANDARD_PATH, LC_ALL: 'C' };
}

/**
 * Looks for the programs that archives need. @returns their versions, for backup.json.
 * @throws refused with the package to install; also for a tar that is not GNU's, which drops what it does not know.
 */
export function checkTools(context: RuntimeContext): Promise<Record<string, string>> {
  const { env } = context.host.machine;
  const known = checked.get(env) ?? lookForTools(context);
  checked.set(env, known);
  return known;
}

/** By the environment of this process: the programs stay the same while it runs. */
const checked = new WeakMap<object, Promise<Record<string, string>>>();

async function lookForTools(context: RuntimeContext): Promise<Record<string, string>> {
  const env = toolEnv(context);
  for (const [program, pack] of Object.entries(PACKAGES)) {
    if (context.host.exec.which(program, env.PATH) === undefined) {
      throw refused({
        what: `${program} is not installed, so no backup can be taken`,
        hint: `apt-get install ${pack}`,
      });
    }
  }
  const options = { env, timeoutMs: 10_000 };
  const [tar, zstd] = await Promise.all([
    context.host.exec.run(['tar', '--version'], options),
    context.host.exec.run(['zstd', '--version'], options),
  ]);
  const versions = { tar: firstLine(tar.stdout), zstd: firstLine(zstd.stdout) };
  if (!versions.tar.includes('GNU tar')) {
    throw refused({
      what: `backups need GNU tar; the one on PATH says ${JSON.stringify(versions.tar)}`,
      hint: 'apt-get install tar',
    });
  }
  return versions;
}

const firstLine = (text: string): string => (text.split('\n')[0] ?? '').replaceAll('*', '').trim();
