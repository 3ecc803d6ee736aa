// Kind `command`: what the host's own command writes into the folder that ASD_BACKUP_DIR names.
import { join } from 'node:path';
import { refused, stepFailed } from '../../model/error.ts';
import type { BackupKind } from '../kind.ts';
import { packageFolder } from '../places.ts';
import { shellComment, shellWord } from '../shell.ts';
import { checkSums } from '../sums.ts';
import { commandRestorer } from './restore.ts';
import { NAME, runOwn } from './run.ts';
import { hashTree } from './tree.ts';

export const commandKind: BackupKind = {
  kind: 'command',

  async items(context) {
    const { command } = context.service.backup;
    if (command === undefined) {
      throw refused({
        what: 'backup.type names command, and there is no backup.command',
        where: `packages/${context.service.name}/manifest.yaml`,
        hint: 'Add backup: { command: { backup: [...], restore: [...], verify: [...] } }.',
      });
    }
    return [
      {
        kind: 'command',
        name: NAME,
        describes: `command ${command.backup.join(' ')}`,
        bytes: undefined,
        when: 'running',
      },
    ];
  },

  async write(context, _item, folder) {
    const { command } = context.service.backup;
    if (command === undefined) throw stepFailed({ what: 'the backup command is gone from the manifest' });
    context.host.files.mkdir(join(folder, NAME));
    await runOwn(context, command.backup, folder, 'backup');
    const files = await hashTree(context.host, folder, NAME);
    if (files.every((file) => file.bytes === 0)) {
      throw stepFailed({
        what: `the backup command of ${context.service.name} ended well, and wrote nothing into ASD_BACKUP_DIR`,
        where: command.backup.join(' '),
        hint: 'It has to write its files into the folder that ASD_BACKUP_DIR names.',
      });
    }
    const [first, ...rest] = files;
    const facts = {
      cwd: packageFolder(context),
      ...(command.restore === undefined ? {} : { restore: JSON.stringify(command.restore) }),
    };
    return first === undefined ? [] : [{ ...first, facts }, ...rest];
  },

  async check(context, _item, folder, files) {
    const verify = context.service.backup.command?.verify;
    if (verify !== undefined) await runOwn(context, verify, folder, 'verify');
    // After the command, so that one that spoils its own files is seen.
    await checkSums(context, folder, files);
  },

  restoreCommands(_item, files) {
    const facts = files[0]?.facts ?? {};
    if (facts.restore === undefined) return [shellComment(`no restore command is declared; the files are in ${NAME}/`)];
    const argv = (JSON.parse(String(facts.restore)) as string[]).map(shellWord).join(' ');
    return [
      shellComment('the values of .env have to be in the environment, as they are for the backup'),
      `(BACKUP="$PWD/${NAME}"; cd -- ${shellWord(String(facts.cwd))} && ASD_BACKUP_DIR="$BACKUP" ${argv})`,
    ];
  },

  restore: commandRestorer,
};
