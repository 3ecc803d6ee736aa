// A volume swapped by its contents, for where its folder cannot be renamed: a mount point, or one that only a container reaches. The new and
// the old content lie in the volume itself, so that every move is a rename. Plain sh with GNU tar, find, mv and cp, since it may run in a helper.
import { join } from 'node:path';
import { cleanEnvironment } from '../../host/environment.ts';
import { stepFailed } from '../../model/error.ts';
import { checkPipe, DECOMPRESS, TAR_COMPARES, TAR_READS, toolOptions } from '../archive.ts';
import { archiveOf } from '../archive-restore.ts';
import type { BackupContext, Restoring } from '../kind.ts';
import { shellWord } from '../shell.ts';
import { orFull } from '../staging.ts';
import { checkSums } from '../sums.ts';
import { helper } from './helper.ts';

/** Where the scripts run: in this host's folder, or in a container that has the volume at /data. */
export type Inside = { folder: string } | { volume: string; image: string };

/** $1 folder, $2 stamp. `new` and `old` exist only when they are whole; `.partial` ones are on their way there, or back. */
const NAMES = `set -eu
cd -- "$1"
new=.asd-new-$2 old=.asd-old-$2 drop=.asd-drop-$2
away() { find . -mindepth 1 -maxdepth 1 ! -name "$new*" ! -name "$old*" ! -name "$drop" -exec mv --no-clobber --target-directory="$1" -- {} +; }
back() { find "$1" -mindepth 1 -maxdepth 1 -exec mv --no-clobber --target-directory=. -- {} +; rmdir -- "$1"; }
like() { chown --reference="$1" -- "$2" && chmod --reference="$1" -- "$2"; }
`;

const SCRIPTS = {
  /** \`staged\` also where it is swapped in already. */
  state: 'if [ -d "$new" ] || [ -d "$old" ]; then echo staged; fi',
  clear: 'rm -rf -- "$new.partial" "$drop"; mkdir -m 0700 -- "$new.partial"',
  unpack: `exec ${TAR_READS.map(shellWord).join(' ')} --directory="$new.partial"`,
  compare: `exec ${TAR_COMPARES.map(shellWord).join(' ')} --directory="$new.partial"`,
  staged: 'sync --file-system . ; mv --no-target-directory -- "$new.partial" "$new"; sync --file-system .',
  swap: `if [ ! -d "$new" ]; then
  if [ -d "$old" ]; then exit 0; fi
  echo "nothing is staged" >&2; exit 1
fi
if [ ! -d "$old" ]; then
  mkdir -p -m 0700 -- "$old.partial"
  away "$old.partial"; like . "$old.partial"
  mv --no-target-directory -- "$old.partial" "$old"
fi
find "$new" -mindepth 1 -maxdepth 1 -exec mv --no-clobber --target-directory=. -- {} +
cp --archive --no-target-directory -- "$new" .
rmdir -- "$new"; sync --file-system .`,
  settle: `if [ -d "$new" ]; then echo "it is staged, not swapped" >&2; exit 1; fi
if [ -d "$old" ]; then rm -rf -- "$drop"; mv --no-target-directory -- "$old" "$drop"; fi
rm -rf -- "$drop" "$new.partial" "$new.changed"`,
  undo: `if [ -d "$old" ]; then
  if [ ! -d "$new" ]; then
    rm -rf -- "$new.partial"; mkdir -m 0700 -- "$new.partial"; like . "$new.partial"
    mv --no-target-directory -- "$new.partial" "$new"
  fi
  away "$new"; like "$old" .
  mv --no-target-directory -- "$old" "$old.partial"
fi
if [ -d "$old.partial" ]; then back "$old.partial"; fi
rm -rf -- "$drop" "$new.partial" "$new.changed"
if [ -d "$new" ]; then mv --no-target-directory -- "$new" "$drop"; rm -rf -- "$drop"; fi
sync --file-system .`,
} as const;

type Script = keyof typeof SCRIPTS;

function argvOf(at: Inside, script: Script, stamp: string): string[] {
  const text = `${NAMES}${SCRIPTS[script]}`;
  if ('folder' in at) return ['sh', '-c', text, 'sh', at.folder, stamp];
  return [...helper(at.volume, '', at.image), '-c', text, 'sh', '/data', stamp];
}

const options = (context: BackupContext) => ({
  ...toolOptions(context),
  env: cleanEnvironment(context.host.machine.env, { LC_ALL: 'C' }),
});

/** @returns what it printed. @throws step-failed with the script's last lines. */
export async function runInside(
  context: BackupContext,
  { item, stamp }: Restoring,
  at: Inside,
  script: Exclude<Script, 'unpack' | 'compare'>,
): Promise<string> {
  const result = await context.host.exec.run(argvOf(at, script, stamp), options(context));
  if (result.code === 0) return result.stdout.trim();
  throw stepFailed({
    what: `restoring ${item.describes} failed in its step ${script}${result.timedOut ? ' (it took too long)' : ''}`,
    where: 'folder' in at ? at.folder : at.volume,
    details: result.tail.slice(-10),
    ...(result.code === undefined ? {} : { rc: result.code }),
  });
}

/** @throws step-failed; what was unpacked is gone then. */
export async function stageInside(context: BackupContext, restoring: Restoring, at: Inside): Promise<void> {
  if ((await runInside(context, restoring, at, 'state')) === 'staged') return;
  const file = archiveOf(restoring);
  await checkSums(context, restoring.folder, [file]);
  const where = 'folder' in at ? at.folder : at.volume;
  const read = { ...options(context), fromFile: join(restoring.folder, file.file) };
  try {
    await runInside(context, restoring, at, 'clear');
    for (const script of ['unpack', 'compare'] as const) {
      const piped = await context.host.exec.pipe([DECOMPRESS, argvOf(at, script, restoring.stamp)], read);
      checkPipe(piped, `${script === 'unpack' ? 'unpacking' : 'comparing'} ${restoring.item.describes}`, where);
    }
    await runInside(context, restoring, at, 'staged');
  } catch (error) {
    await runInside(context, restoring, at, 'undo');
    throw orFull(error, where, where);
  }
}
