// Docker Compose as a runtime: the engine's API wherever it can do it, the compose command for resolving, up and down.
import { openDocker } from '../../host/docker.ts';
import { refused } from '../../model/error.ts';
import type { Runtime, RuntimeContext } from '../runtime.ts';
import { changed } from './changed.ts';
import { type DockerRun, docker } from './command.ts';
import { compare } from './compare.ts';
import { down } from './down.ts';
import { acquire, available, keep } from './images.ts';
import { forget, programKey, recall, remember } from './known.ts';
import { lastWords } from './last-words.ts';
import { quiesce } from './quiet.ts';
import { resolve } from './resolve.ts';
import { runningComponents } from './running.ts';
import { start, stop } from './stop.ts';
import { up } from './up.ts';

const OLDEST_COMPOSE = [2, 20] as const;
/** No service can have that name. */
const VERSION_ENTRY = '.version';

async function check(context: RuntimeContext): Promise<{ version: string }> {
  const engine = openDocker(context.host, context, refused);
  const install =
    'Install the Compose plugin 2.20 or newer (docker-compose-plugin, or docker-compose of a newer Debian).';
  if (context.host.exec.which('docker') === undefined) {
    throw refused({
      what: 'there is no docker command on this host',
      hint: 'Install docker, or add its folder to PATH.',
    });
  }
  const asked = [
    engine.version(),
    composeVersion(context, (facts, cause) => refused({ ...facts, hint: install }, cause)),
  ] as const;
  // Both are waited for, so that a refusal leaves no command running.
  await Promise.allSettled(asked);
  const [{ version }, found] = await Promise.all(asked);
  const [major = 0, minor = 0] = found.split('.').map(Number);
  const [wantedMajor, wantedMinor] = OLDEST_COMPOSE;
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    throw refused({
      what: `Docker Compose ${found} is too old; ${wantedMajor}.${wantedMinor} or newer is needed`,
      hint: install,
    });
  }
  return { version: `docker ${version}, compose ${found}` };
}

/** Asked once of each program that there is. */
async function composeVersion(context: RuntimeContext, fail: NonNullable<DockerRun['fail']>): Promise<string> {
  const program = programKey(context.host);
  const known = program === undefined ? undefined : recall(context, VERSION_ENTRY, program);
  if (known !== undefined) return known.document;
  const { stdout } = await docker(context, ['compose', 'version', '--short'], {
    what: 'Docker has no working Compose 2',
    fail,
  });
  const found = stdout.trim().replace(/^v/, '');
  if (program !== undefined) remember(context, VERSION_ENTRY, program, { document: found, hashes: {} });
  return found;
}

export const composeRuntime: Runtime = {
  kind: 'compose',
  check,
  resolve,
  running: (context, _service, project) => runningComponents(openDocker(context.host, context, refused), project),
  available: (context, resolved) => available(context, resolved),
  acquire,
  keep,
  quiesce,
  compare,
  stop,
  start,
  up,
  async absent(context, images) {
    const engine = openDocker(context.host, context, refused);
    const found = await Promise.all(images.map(async (image) => ({ image, here: await engine.image(image.id) })));
    return found.filter(({ here }) => here === undefined).map(({ image }) => image);
  },
  async down(context, service, project) {
    await down(context, service, project);
    forget(context, service.name);
  },
  lastWords,
  changed,
};
