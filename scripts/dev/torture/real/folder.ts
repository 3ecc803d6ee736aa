// Copies of a host as folders beside it; the remote's, too.
import { mustRun } from '../../../../tests/scenarios/harness/process.ts';
import type { RealHost } from './host.ts';
import type { Copies } from './recover.ts';

const SAVE = 'rm -rf "$2"; mkdir "$2"; cp -a "$1/prod" "$1/origin.git" "$2"';
/** prod itself stays, for it may be mounted. */
const LOAD =
  'rm -rf "$1/origin.git"; cp -a "$2/origin.git" "$1"; find "$1/prod" -mindepth 1 -delete; cp -a "$2/prod/." "$1/prod"';

export function folderCopies(host: RealHost): Copies {
  const copy = async (script: string, name: string) => {
    await host.detach();
    await mustRun(['sh', '-euc', script, 'sh', host.folder, `${host.folder}/copy-${name}`], '/', host.env);
    await host.attach();
  };
  return { save: (name) => copy(SAVE, name), load: (name) => copy(LOAD, name) };
}
