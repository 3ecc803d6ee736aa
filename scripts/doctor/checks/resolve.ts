// Every service's own file: Compose or pm2 resolves it as it would run, with the live `.env`.
import { ReleaseError } from '../../model/error.ts';
import { type Check, type Finding, fail, pass } from '../check.ts';
import { fileMend } from './settings.ts';

const SHOWN = 3;
const FILES = [
  'docker-compose.yaml',
  'docker-compose.yml',
  'compose.yaml',
  'compose.yml',
  'ecosystem.config.cjs',
  'manifest.yaml',
];

export const resolve: Check = {
  id: 'services',
  async look(at) {
    const findings = await at.each(at.services, async (service): Promise<Finding[]> => {
      try {
        await at.resolved(service);
        return [];
      } catch (error) {
        if (!(error instanceof ReleaseError)) throw error;
        const { what, details = [] } = error.facts;
        const own = [...service.compose.files, ...FILES].map((file) => `packages/${service.name}/${file}`);
        return [fail([what, ...details.slice(-SHOWN)].join('; '), await fileMend(at, own))];
      }
    });
    const wrong = findings.flat();
    return wrong.length > 0 ? wrong : [pass(`${at.services.length} services resolve`)];
  },
};
