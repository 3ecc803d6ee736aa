// Who may read and write what: records, backups and `.env` are for their owner; nobody else may change what is released.
import { join } from 'node:path';
import { shellWord } from '../../backups/shell.ts';
import { privateFolders } from '../../host/paths.ts';
import { type Check, type Finding, fail, mend, pass, safeMend } from '../check.ts';
import type { Patient } from '../patient.ts';

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

export const modes: Check = {
  id: 'modes',
  look(at) {
    const { paths, host } = at;
    const records = host.files.list(paths.releases).map((name) => join(paths.releases, name));
    const findings = [
      ...rootMode(at),
      ...privateFolders(paths).flatMap((path) => own(at, path, 'folder')),
      ...records.flatMap((path) => own(at, path, host.files.stat(path)?.kind === 'folder' ? 'folder' : 'file')),
      ...[paths.lock, paths.hostKey].flatMap((path) => own(at, path, 'file')),
      ...envMode(at),
    ];
    return findings.length > 0 ? findings : [pass('records, backups and .env are for their owner')];
  },
};

function rootMode({ host, paths }: Patient): Finding[] {
  const mode = host.files.stat(paths.root)?.mode ?? 0;
  if ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0) return [];
  return [
    fail(
      'everybody on this host may change the checkout',
      safeMend(`chmod o-w ${shellWord(paths.root)}`, 'take that away'),
    ),
  ];
}

function own({ host, paths }: Patient, path: string, kind: 'file' | 'folder'): Finding[] {
  const stat = host.files.stat(path);
  if (stat === undefined) return [];
  const name = path.slice(paths.root.length + 1);
  if (stat.kind !== kind)
    return [
      fail(
        `${name} is no plain ${kind}`,
        mend(`mv ${shellWord(path)} ${shellWord(`${path}.aside`)}`, 'find out first who put it there'),
      ),
    ];
  if (stat.uid !== host.machine.uid)
    return [
      fail(
        `${name} belongs to user ${stat.uid}, and the engine runs as user ${host.machine.uid}`,
        mend(`chown -R ${host.machine.uid} ${shellWord(paths.workspace)}`, "make it the engine's"),
      ),
    ];
  if ((stat.mode & 0o077) === 0) return [];
  return [
    fail(
      `${name} is open to others (mode ${(stat.mode & 0o777).toString(8)})`,
      safeMend(`chmod go-rwx ${shellWord(path)}`, 'for its owner only'),
    ),
  ];
}

/** The operator's own file: its group is the operator's choice. */
function envMode({ host, paths }: Patient): Finding[] {
  const { files } = host;
  const stat = files.stat(paths.envFile);
  if (stat === undefined) return [];
  const path = stat.kind === 'link' ? files.realpath(paths.envFile) : paths.envFile;
  if (((files.stat(path)?.mode ?? 0) & 0o007) === 0) return [];
  return [fail('everybody on this host may read .env', safeMend(`chmod o-rwx ${shellWord(path)}`, 'take that away'))];
}
