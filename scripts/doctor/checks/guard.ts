// Whether somebody watches over waiting releases after a reboot, where releases of this host wait for a confirmation at all.
import { type Check, fail, mend, pass, skip } from '../check.ts';

export const guard: Check = {
  id: 'guard',
  async look(at) {
    const waiting = at.releases().some(({ state }) => state?.releaseStatus === 'awaiting-confirm');
    if (at.config.confirm.withinMs === undefined && !waiting)
      return [skip('no release of this host waits for a confirmation')];
    if (await at.guarded()) return [pass('waiting releases are watched over after a reboot, too')];
    return [
      fail(
        'after a reboot nobody watches over a release that waits for its confirmation',
        mend('just guard-install', 'have the watchdogs started at boot'),
      ),
    ];
  },
};
