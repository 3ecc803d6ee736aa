// The Compose side: busybox's httpd in images made here, on the test engine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importImage } from '../../../scripts/dev/engine/images.ts';
import type { TestEngine } from '../../../scripts/dev/engine/test-engine.ts';
import type { Kind, Place } from './kind.ts';
import { mustRun, runCommand } from './process.ts';

const START = `case "$(cat /www/version)" in sick*) [ "$MOOD" = healed ] || rm -f /www/health ;; esac
exec httpd -f -p 8080 -h /www
`;
const BASE = 'belay-scenario';

/** One image a version for all hosts of this process, imported once. */
const imported = new Map<string, Promise<unknown>>();

function baseImage(engine: TestEngine, version: string): Promise<unknown> {
  const key = `${engine.socket} ${version}`;
  const known = imported.get(key);
  if (known) return known;
  const files =
    version === 'db'
      ? { 'etc/db': 'db\n' }
      : { 'www/health': 'ok\n', 'www/version': `${version}\n`, 'start.sh': START };
  const command = version === 'db' ? ['sleep', '1000000'] : ['sh', '/start.sh'];
  const made = importImage(engine, `${BASE}/web:${version}`, files, command);
  imported.set(key, made);
  return made;
}

interface Inspected {
  Id: string;
  Image: string;
  State: { Paused: boolean };
  Config: { Labels: Record<string, string> };
}

export function composeKind(place: Place, engine: TestEngine): Kind {
  Object.assign(place.env, engine.env);
  const image = (service: string) => `${place.prefix.replace(/-$/, '')}/${service}`;
  const docker = (...argv: string[]) => mustRun(['docker', ...argv], place.folder, place.env);
  const tag = async (service: string, version: string) => {
    await baseImage(engine, version);
    await docker('tag', `${BASE}/web:${version}`, `${image(service)}:${version}`);
  };
  const upper = (service: string) => service.toUpperCase().replaceAll('-', '_');
  const project = (service: string) => `${place.prefix}${service}`;
  const up = (service: string, ...flags: string[]) =>
    mustRun(
      [
        'docker',
        'compose',
        '--project-name',
        project(service),
        '--env-file',
        '.env',
        '--file',
        `packages/${service}/docker-compose.yaml`,
        'up',
        '--detach',
        ...flags,
      ],
      place.prod,
      place.env,
    );
  const named = async (what: 'ps' | 'network' | 'volume', filter: string): Promise<string[]> => {
    const argv = what === 'ps' ? ['ps', '--all'] : [what, 'ls'];
    return (await docker(...argv, '--quiet', '--filter', filter)).split('\n').filter((id) => id !== '');
  };

  /** A container may be exchanged between list and look: then it is listed anew. */
  const inspected = async (filter: string): Promise<Inspected[]> => {
    for (;;) {
      const ids = await named('ps', filter);
      if (ids.length === 0) return [];
      const { code, stdout, text } = await runCommand(['docker', 'inspect', ...ids], place.folder, place.env);
      if (code === 0) return JSON.parse(stdout);
      if (!text.includes('No such object')) throw new Error(`docker inspect exited ${code}: ${text}`);
    }
  };

  return {
    versionPath: '/version',
    async manifest(service, version, { database }) {
      await Promise.all([tag(service, version), ...(database ? [tag(service, 'db')] : [])]);
      return {
        runtime: 'compose',
        image: { name: image(service), tag: version },
        containers: [
          { name: service, role: 'app', service: 'web' },
          ...(database ? [{ name: `${service}-db`, role: 'database', service: 'db' }] : []),
        ],
      };
    },
    files(service, version, { database, more }) {
      const db = `
  db:
    image: ${image(service)}:db
    init: true
    volumes: [data:/data]`;
      return {
        'docker-compose.yaml': `services:
  web:
    image: ${image(service)}:${version}
    init: true
    environment: { MOOD: "\${${upper(service)}_MOOD:-}" }
    ports: ["127.0.0.1:\${${upper(service)}_PORT}:8080"]
    volumes: [files:/files]${database ? `\n    depends_on: [db]${db}` : ''}
${more?.services ?? ''}
volumes: { files: {}${database ? ', data: {}' : ''}${(more?.volumes ?? []).map((name) => `, ${name}: {}`).join('')} }
`,
      };
    },
    start: async (services) => {
      await Promise.all(services.map((service) => up(service)));
    },
    async instances(service) {
      const found = await inspected(`label=com.docker.compose.project=${project(service)}`);
      return found
        .map((each) => ({
          component: each.Config.Labels['com.docker.compose.service'] ?? '',
          id: each.Id,
          image: each.Image,
          paused: each.State.Paused,
        }))
        .toSorted((a, b) => (a.component < b.component ? -1 : 1));
    },
    async impose(service, version) {
      await baseImage(engine, version);
      const file = readFileSync(join(place.prod, 'packages', service, 'docker-compose.yaml'), 'utf8');
      const ref = /image: (\S+)/.exec(file)?.[1] ?? '';
      await docker('tag', `${BASE}/web:${version}`, ref);
      await up(service, '--force-recreate', '--no-deps', 'web');
    },
    volumes: async () => named('volume', `name=^${place.prefix}`),
    docker: (...argv) => runCommand(['docker', ...argv], place.folder, place.env),
    keepers: () => [],
    async stop() {
      const containers = await named('ps', `name=^${place.prefix}`);
      if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers);
      for (const what of ['network', 'volume'] as const) {
        const names = await named(what, `name=^${place.prefix}`);
        if (names.length > 0) await docker(what, 'rm', ...names);
      }
      const images = await docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', `${image('*')}`);
      if (images !== '') await docker('image', 'rm', '--force', ...images.split('\n'));
    },
  };
}
