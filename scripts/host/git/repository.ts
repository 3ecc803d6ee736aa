// Which repository we are in, and whether this git can work with it.
import { refused } from '../../model/error.ts';
import type { Host } from '../port.ts';
import { gitIn, lastLines } from './run.ts';

export interface GitVersion {
  text: string;
  major: number;
  minor: number;
}

/** @throws refused where git is not there, or older than 2.30. */
export async function gitVersion(host: Host): Promise<GitVersion> {
  const result = await gitIn(host, '/', ['version']);
  const found = /^git version ((\d+)\.(\d+)\S*)/.exec(result.stdout);
  const version = { text: found?.[1] ?? 'unknown', major: Number(found?.[2] ?? 0), minor: Number(found?.[3] ?? 0) };
  if (version.major > 2 || (version.major === 2 && version.minor >= 30)) return version;
  throw refused({ what: `git is ${version.text}; 2.30 or newer is needed`, hint: 'Install a newer git on this host.' });
}

/** The host repository: the work tree that the folder is in. @throws refused where there is none that can be released from. */
export async function toplevel(host: Host, cwd: string): Promise<string> {
  const asked = ['--is-bare-repository', '--absolute-git-dir', '--show-object-format', '--show-toplevel'];
  const result = await gitIn(host, cwd, ['rev-parse', ...asked]);
  const [bare = '', gitDir = '', format = '', ...rest] = result.stdout.replace(/\n$/, '').split('\n');
  if (bare === 'true') throw bareRepository(host, gitDir);
  if (result.code !== 0 || result.timedOut) throw noRepository(host, cwd, lastLines(result));
  const root = rest.join('\n');
  if (/[\n\uFFFD]/.test(root)) {
    throw refused({
      what: `The folder name ${JSON.stringify(root)} holds a newline or is not UTF-8`,
      hint: 'Rename the folder; compose files and state files cannot carry such a name.',
    });
  }
  if (format !== 'sha1') {
    throw refused({ what: `The repository uses ${format} object names; only sha1 is supported`, where: root });
  }
  return root;
}

function bareRepository(host: Host, gitDir: string) {
  const checkout = gitDir.endsWith('/.git') ? gitDir.slice(0, -'/.git'.length) : undefined;
  if (checkout === undefined || host.files.stat(`${gitDir}/index`) === undefined) {
    return refused({
      what: 'This is a bare repository, without a checkout to release',
      where: gitDir,
      hint: 'Run this in the checkout that the services run from.',
    });
  }
  return refused({
    what: 'core.bare=true is set, so that git denies that there is a checkout here',
    where: `${gitDir}/config`,
    hint: ['If services run from this folder:', `git --git-dir='${gitDir}' config core.bare false`],
  });
}

function noRepository({ files }: Host, cwd: string, said: string[]) {
  const owner = said
    .map((line) => /dubious ownership in repository at '(.*)'/.exec(line)?.[1])
    .find((at) => at !== undefined);
  if (owner !== undefined) {
    return refused({
      what: 'The checkout belongs to another user, and git refuses to work in it (dubious ownership)',
      where: owner,
      hint: [
        'If that owner is trusted:',
        `git config --global --add safe.directory '${owner}'`,
        `or run it as the owner: sudo -u '#${files.stat(owner)?.uid ?? 'UID'}' just ...`,
      ],
    });
  }
  return refused({
    what: 'This folder is in no git checkout',
    where: cwd,
    details: said,
    hint: 'Change into the host repository, or set ASD_ROOT to it.',
  });
}
