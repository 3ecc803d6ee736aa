// The Docker engine and Compose: they answer, and are new enough.

import { ReleaseError, refused } from '../../model/error.ts';
import { docker as dockerCommand } from '../../runtimes/compose/command.ts';
import { type Check, fail, mend, pass } from '../check.ts';
import { atLeast, installing } from '../version.ts';

const OLDEST_COMPOSE = '2.20';

export const docker: Check = {
  id: 'docker',
  needs: 'docker',
  async look(at) {
    if (at.host.exec.which('docker') === undefined)
      return [fail('there is no docker on PATH', installing(at, 'docker'))];
    try {
      const { version, platform } = await at.docker().version();
      return [pass(`docker ${version} on ${platform}`)];
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      if (error.facts.where === 'DOCKER_HOST') throw error;
      return [fail(error.facts.what, mend('systemctl start docker', 'start the Docker engine'))];
    }
  },
};

export const compose: Check = {
  id: 'compose',
  needs: 'docker',
  async look(at) {
    const install = installing(at, 'compose');
    try {
      const asked = { what: 'Docker has no working Compose 2', fail: refused };
      const { stdout } = await dockerCommand(at.runtime(), ['compose', 'version', '--short'], asked);
      const found = stdout.trim().replace(/^v/, '');
      return [
        atLeast(found, OLDEST_COMPOSE)
          ? pass(`compose ${found}`)
          : fail(`Docker Compose is ${found}; ${OLDEST_COMPOSE} or newer is needed`, install),
      ];
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      return [fail(error.facts.what, install)];
    }
  },
};
