// The lock, and releases that somebody has to do something about.
import { shellWord } from '../../backups/shell.ts';
import { readHolder } from '../../journal/lock.ts';
import { blocksOthers, nextSteps } from '../../plan/next.ts';
import { type Check, type Finding, fail, mend, pass, warn } from '../check.ts';

const WAIT_S = 3600;

/** What a dead process left is no lock: the kernel freed it. */
export const lock: Check = {
  id: 'lock',
  look(at) {
    const holder = readHolder(at.host, at.paths);
    if (holder === undefined) return [pass('nobody holds it')];
    const { ticket, command, pid, by, since } = holder;
    return [
      fail(
        `it is held by ${command}, process ${pid} of ${by}, since ${since}`,
        ...(ticket === '' ? [] : [mend(`just release-log ${ticket} --follow`, 'watch it until it ends')]),
        mend(`flock --timeout ${WAIT_S} ${shellWord(at.paths.lock)} true`, 'wait until it is free'),
      ),
    ];
  },
};

export const releases: Check = {
  id: 'releases',
  look(at) {
    const holder = readHolder(at.host, at.paths);
    const entries = at.releases();
    const findings = entries.flatMap((entry): Finding[] => {
      const { ticket, state, verdict, broken } = entry;
      if (holder?.ticket === ticket) return [];
      if (verdict === 'edited' && broken === undefined)
        return [
          fail(
            `the state file of ${ticket} was changed by hand: it says something else than the log`,
            mend(`rm -f ${shellWord(entry.files.state)}`, 'the log is the truth: it is made again from that'),
          ),
        ];
      if (state === undefined || verdict === 'unreadable' || broken !== undefined)
        return [
          fail(
            `the records of ${ticket} cannot be believed`,
            mend(`just release-state ${ticket}`, 'what is wrong with them, and what comes next'),
          ),
        ];
      if (state.releaseStatus === 'reverted' && state.push === 'pending')
        return [fail(`the revert of ${ticket} is not on origin`, mend(`just release-revert ${ticket}`, 'push it'))];
      const open = blocksOthers(state) || ['in-doubt', 'awaiting-confirm', 'reverting'].includes(state.releaseStatus);
      const mends = nextSteps(state).map(({ command, what }) => mend(command, what));
      if (open) return [fail(`${ticket} is ${state.releaseStatus} in ${state.phase}`, ...mends)];
      if (state.releaseStatus === 'running' || state.releaseStatus === 'halted')
        return [
          warn(`${ticket} ended in ${state.phase}, before anything live was changed; it blocks nothing`, ...mends),
        ];
      return [];
    });
    return findings.length > 0 ? findings : [pass(`${entries.length} on record, none is open`)];
  },
};
