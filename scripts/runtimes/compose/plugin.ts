// Compose itself, found where docker looks for it. Started directly it does the same, in less than half of the processor time: docker
// starts every plugin once to ask what it is, and then compose a second time.
import { join } from 'node:path';
import type { Host } from '../../host/port.ts';

const PROGRAM = 'docker-compose';
/** As in docker's own cli-plugins/manager, after the operator's. */
const SYSTEM_FOLDERS = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
];
/** Settings of docker that change what `docker compose` is. */
const SETTINGS = /"(?:cliPluginsExtraDirs|aliases|plugins)"/;

/** @param env what docker would run with. @returns the plugin's path; undefined where `docker compose` has to find it. */
export function composePlugin(host: Host, env: Readonly<Record<string, string>>): string | undefined {
  const own = env.DOCKER_CONFIG ?? (env.HOME === undefined ? undefined : join(env.HOME, '.docker'));
  if (own !== undefined && SETTINGS.test(host.files.readText(join(own, 'config.json'), { follow: true }) ?? ''))
    return undefined;
  const folders = own === undefined ? SYSTEM_FOLDERS : [join(own, 'cli-plugins'), ...SYSTEM_FOLDERS];
  return folders.map((folder) => host.exec.which(join(folder, PROGRAM))).find((path) => path !== undefined);
}
