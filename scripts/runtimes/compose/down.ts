// A service that leaves: its containers and its own networks go, its volumes stay, and so does a network that others are attached to.
import { openDocker } from '../../host/docker.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { RuntimeContext } from '../runtime.ts';
import { PROJECT_LABEL, reconcile } from './running.ts';
import { stop } from './stop.ts';

/**
 * See Runtime.down. By labels alone: the file of a removed service is gone. `docker compose down` would take a network away from under
 * containers of others that happen to be stopped, and they could never be started again.
 */
export async function down(context: RuntimeContext, service: ServiceManifest, project: string): Promise<void> {
  const engine = openDocker(context.host, context);
  await stop(context, service, project, 'all');
  for (const container of await reconcile(engine, project)) await engine.remove(container.id);
  for (const { name: network } of await engine.networks([`${PROJECT_LABEL}=${project}`])) {
    const users = await engine.users({ network: [network] });
    if (users.length === 0) await engine.removeNetwork(network);
  }
}
