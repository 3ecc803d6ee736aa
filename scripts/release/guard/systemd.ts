// Whether systemd looks after this host.
import { cleanEnvironment } from '../../host/environment.ts';
import type { Host } from '../../host/port.ts';
import { ReleaseError } from '../../model/error.ts';

const ANSWERS_WITHIN_MS = 5_000;
const UP = new Set(['initializing', 'starting', 'running', 'degraded', 'maintenance']);

/** false where it is not installed, not in charge (a container), or does not answer. */
export async function systemdRuns(host: Host): Promise<boolean> {
  const env = cleanEnvironment(host.machine.env);
  if (host.exec.which('systemctl', env.PATH) === undefined) return false;
  try {
    const argv = ['systemctl', 'is-system-running'];
    const { stdout } = await host.exec.run(argv, { cwd: '/', env, timeoutMs: ANSWERS_WITHIN_MS });
    return UP.has(stdout.trim());
  } catch (error) {
    if (error instanceof ReleaseError) return false;
    throw error;
  }
}
