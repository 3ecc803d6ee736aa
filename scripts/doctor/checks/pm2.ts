// pm2, where services run on it: found by its files, since every call of it would start its daemon.
import { dirname, join } from 'node:path';
import { shellWord } from '../../backups/shell.ts';
import { ReleaseError } from '../../model/error.ts';
import { pm2Argv, pm2Home } from '../../runtimes/pm2/command.ts';
import { pm2Runs } from '../../runtimes/pm2/daemon.ts';
import { type Check, fail, mend, pass, skip, warn } from '../check.ts';

export const pm2: Check = {
  id: 'pm2',
  look(at) {
    if (!at.packages.some(({ manifest }) => manifest.runtime === 'pm2'))
      return [skip('no installed service runs on pm2')];
    let argv: string[];
    try {
      argv = pm2Argv(at.runtime());
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      return [fail(error.facts.what, mend('npm install --global pm2', 'install pm2'))];
    }
    const program = at.host.files.realpath(argv.at(-1) ?? '');
    const text = at.host.files.readText(join(dirname(program), '..', 'package.json'));
    const version = text === undefined ? '' : ` ${(JSON.parse(text) as { version?: string }).version ?? ''}`;
    if (pm2Runs(at.runtime())) return [pass(`pm2${version}, and its daemon runs`)];
    return [
      warn(
        `pm2${version} has no daemon in ${pm2Home(at.runtime())}: none of its services runs`,
        mend(`${argv.map(shellWord).join(' ')} resurrect`, 'start what ran when pm2 was saved last'),
      ),
    ];
  },
};
