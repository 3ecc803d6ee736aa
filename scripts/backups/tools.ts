// The programs that backups are made with, and the bare environment that they run in.
import { refused } from '../model/error.ts';
import type { RuntimeContext } from '../runtimes/runtime.ts';
import type { BackupItem } from './kind.ts';

const STANDARD_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const PACKAGES: Record<string, string> = { tar: 'tar', zstd: 'zstd', tr: 'coreutils', du: 'coreutils' };

/** Nothing of the operator's environment but PATH, so that TAR_OPTIONS, ZSTD_CLEVEL and the like change nothing. */
export function toolEnv(context: RuntimeContext): Record<string, string> {
  return { PATH: context.host.machine.env.PATH ?? STANDARD_PATH, LC_ALL: 'C' };
}

/**
 * Looks for the programs that backups of the items need. @returns their versions, for backup.json.
 * @throws refused with the package to install; also for a tar that is not GNU's, which drops what it does not know.
 */
export async function checkTools(
  context: RuntimeContext,
  items: ReadonlyArray<Pick<BackupItem, 'method'>>,
): Promise<Record<string, string>> {
  const { env } = context.host.machine;
  const known = checked.get(env) ?? lookForTools(context);
  checked.set(env, known);
  const rsync = items.some((item) => item.method === 'incremental') ? { rsync: await checkRsync(context) } : {};
  return { ...(await known), ...rsync };
}

/** @returns its version. @throws refused with the package to install, also for one that was built without what a copy has to keep. */
export async function checkRsync(context: RuntimeContext): Promise<string> {
  const env = toolEnv(context);
  if (context.host.exec.which('rsync', env.PATH) === undefined) {
    throw refused({
      what: 'rsync is not installed, and incremental backups are made and restored with it',
      hint: 'apt-get install rsync, or set backup.method to archive.',
    });
  }
  const { stdout } = await context.host.exec.run(['rsync', '--version'], { env, timeoutMs: 10_000 });
  if (/\bACLs\b/.test(stdout) && /\bxattrs\b/.test(stdout) && !/\bno (?:ACLs|xattrs)\b/.test(stdout))
    return firstLine(stdout).replaceAll(/ +/g, ' ');
  throw refused({
    what: `this rsync cannot keep access lists and extended attributes: ${JSON.stringify(firstLine(stdout))}`,
    hint: 'apt-get install rsync, or set backup.method to archive.',
  });
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
