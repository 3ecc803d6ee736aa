// The images of the Compose demo: busybox's httpd with a few files, made here, pushed to the demo's registry, and pulled from there.
import { importImage } from '../engine/images.ts';
import type { TestRegistry } from '../engine/registry.ts';
import type { TestEngine } from '../engine/test-engine.ts';

export const SERVICES = ['notes', 'api', 'web'] as const;

const HTTPD = ['httpd', '-f', '-p', '8080', '-h', '/www'];
const START = `test -f /www/data/notes.txt || { echo "Buy rope"; echo "Check the anchor"; } > /www/data/notes.txt
exec ${HTTPD.join(' ')}
`;

const IMAGES: Array<{
  service: (typeof SERVICES)[number];
  version: string;
  files: Record<string, string>;
  command: string[];
}> = [
  ...['1', '2', '3'].map((version) => ({
    service: 'notes' as const,
    version,
    files: { 'start.sh': START, 'www/version': `${version}\n`, 'www/data/.keep': '' },
    command: ['sh', '/start.sh'],
  })),
  { service: 'api', version: '1', files: { 'www/version': '1\n', 'www/summary': '{"ok":true}\n' }, command: HTTPD },
  ...['1', '2'].map((version) => ({
    service: 'web' as const,
    version,
    files: {
      'www/version': `${version}\n`,
      'www/index.html': `<h1>Notes of the crew${version === '2' ? ', pinned first' : ''}</h1>\n`,
    },
    command: HTTPD,
  })),
];

/** @throws Error where an image cannot be made or pushed. */
export async function buildImages(engine: TestEngine, registry: TestRegistry): Promise<void> {
  for (const { service, version, files, command } of IMAGES) {
    const local = `belay-demo/${service}:${version}`;
    await importImage(engine, local, files, command);
    registry.push(engine, local, `demo/${service}:${version}`);
    const remove = Bun.spawnSync(['docker', 'image', 'rm', local, `${registry.address}/demo/${service}:${version}`], {
      env: { PATH: process.env.PATH ?? '', ...engine.env },
    });
    if (remove.exitCode !== 0) throw new Error(`docker image rm ${local}: ${remove.stderr.toString()}`);
  }
}
