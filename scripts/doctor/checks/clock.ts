// The clock: not before what was recorded already, and kept right by somebody.
import { listBackups } from '../../backups/list.ts';
import { cleanEnvironment } from '../../host/environment.ts';
import { type Check, fail, mend, pass, warn } from '../check.ts';

const TOLERANCE_MS = 60_000;
const NO_SUCH_DAY = Date.UTC(2025, 0, 1);

export const clock: Check = {
  id: 'clock',
  async look(at) {
    const { host, paths } = at;
    const now = host.clock.now();
    const times = [
      ...at.releases().flatMap(({ state }) => Object.values(state?.timestamps ?? {})),
      ...listBackups(host, paths.backups).backups.map(({ startedAt }) => startedAt),
    ];
    const newest = times
      .map((time) => Date.parse(time))
      .reduce((latest, time) => Math.max(latest, time || 0), NO_SUCH_DAY);
    const keep = mend('timedatectl set-ntp true', 'let the system keep the clock right');
    if (now.getTime() + TOLERANCE_MS < newest)
      return [
        fail(`the clock says ${now.toISOString()}, and there are records of ${new Date(newest).toISOString()}`, keep),
      ];
    if (host.exec.which('timedatectl') === undefined) return [pass(now.toISOString())];
    const { code, stdout } = await host.exec.run(['timedatectl', 'show', '--property=NTPSynchronized', '--value'], {
      cwd: '/',
      env: cleanEnvironment(host.machine.env),
      timeoutMs: 5_000,
      truncate: true,
    });
    return [
      code === 0 && stdout.trim() === 'no' ? warn('nothing keeps the clock right', keep) : pass(now.toISOString()),
    ];
  },
};
