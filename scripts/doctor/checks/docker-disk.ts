// How full the disk is that Docker keeps images and volumes on.
import { cleanEnvironment } from '../../host/environment.ts';
import { type Check, fail, mend, pass, skip, warn } from '../check.ts';

const WARN_PERCENT = 85;
const FAIL_PERCENT = 95;

export const dockerDisk: Check = {
  id: 'docker-disk',
  needs: 'docker',
  async look(at) {
    const { host } = at;
    const answer = await host.http
      .unix(at.docker().socket, 'GET', '/info', { timeoutMs: 10_000 })
      .catch((error: unknown) => {
        // Whether Docker answers is another check's.
        if (error instanceof Error) return undefined;
        throw error;
      });
    const root = (answer?.json as { DockerRootDir?: unknown } | undefined)?.DockerRootDir;
    if (typeof root !== 'string') return [skip('Docker does not say where its data is')];
    const { code, stdout } = await host.exec.run(['df', '-Pk', '--', root], {
      cwd: '/',
      env: { ...cleanEnvironment(host.machine.env), LC_ALL: 'C' },
      timeoutMs: 10_000,
    });
    const used = Number(/\s(\d+)%\s/.exec(stdout.split('\n')[1] ?? '')?.[1]);
    if (code !== 0 || Number.isNaN(used)) return [skip(`the disk of ${root} cannot be seen from here`)];
    const says = `${used} % of the disk of ${root} is used`;
    if (used < WARN_PERCENT) return [pass(says)];
    const mends = [
      mend('docker builder prune --force', 'drop the cache of builds'),
      mend('docker image prune --force', 'drop images without a name; not while a release is halted'),
    ];
    return [used < FAIL_PERCENT ? warn(says, ...mends) : fail(says, ...mends)];
  },
};
