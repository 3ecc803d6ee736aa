// The host's own restore command. It writes where we cannot see, so marks say how far it came, and the way back is the same command with
// the backup that was taken just before.
import { join } from 'node:path';
import { refused, stepFailed } from '../../model/error.ts';
import type { BackupContext, Restorer, Restoring } from '../kind.ts';
import { checkSums } from '../sums.ts';
import { runOwn } from './run.ts';

const marks = ({ work, item }: Restoring) => ({
  begun: join(work, `${item.name}.begun`),
  done: join(work, `${item.name}.done`),
});

/** As it was declared when the backup was taken: it knows the form of what it wrote. */
function argvOf({ files, folder }: Restoring): string[] {
  const declared = files[0]?.facts.restore;
  if (typeof declared === 'string') return JSON.parse(declared) as string[];
  throw refused({
    what: 'the manifest declared no restore command when this backup was taken',
    where: folder,
    hint: 'Restore its files by hand, and declare backup.command.restore.',
  });
}

export const commandRestorer: Restorer = {
  swaps: 'served',
  space: () => undefined,
  async stage(context, restoring) {
    argvOf(restoring);
    await checkSums(context, restoring.folder, restoring.files);
  },
  async swap(context, restoring) {
    const { files } = context.host;
    const { begun, done } = marks(restoring);
    if (files.stat(done) !== undefined) return;
    files.replace(begun, '');
    await runOwn(context, argvOf(restoring), restoring.folder, 'restore');
    files.replace(done, '');
  },
  async settle({ host }, restoring) {
    clearMarks(host.files, restoring);
  },
  async undo(context, restoring) {
    const { files } = context.host;
    const { begun } = marks(restoring);
    if (files.stat(begun) === undefined) return;
    const { before } = restoring;
    if (before === undefined) {
      throw stepFailed({
        what: `the restore command of ${context.service.name} began, and no backup was taken before that it could be undone with`,
        hint: 'Run the restore again until it ends well.',
      });
    }
    await checkSums(context, before.folder, before.files);
    await runOwn(context, argvOf(restoring), before.folder, 'restore');
    clearMarks(files, restoring);
  },
};

function clearMarks(files: BackupContext['host']['files'], restoring: Restoring): void {
  const { begun, done } = marks(restoring);
  files.remove(done);
  files.remove(begun);
}
