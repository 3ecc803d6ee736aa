// The literal commands that come next, for every place where a release can stand. One table, so that a state cannot be forgotten.
import type { ReleaseState, ReleaseStatus } from '../model/release.ts';

export interface NextStep {
  command: string;
  what: string;
}

const log = (t: string): NextStep => ({ command: `just release-log ${t}`, what: 'read what happened' });
const abandon = (t: string): NextStep => ({
  command: `just release-abandon ${t} --reason='...'`,
  what: 'give it up as it is',
});
const revert = (t: string): NextStep => ({
  command: `just release-revert ${t}`,
  what: 'put data, images, code and configuration back',
});
const again = (t: string): NextStep => ({
  command: `just release-revert ${t}`,
  what: 'go on with the revert: it can be repeated',
});
const supersede = (t: string): NextStep => ({
  command: `just release-run NEW-TICKET --supersedes=${t} --reason='...'`,
  what: 'release a new commit that mends it',
});

/** Prepare cannot run again once the checkout was advanced: its backups would be of the new version. */
const wholePhase = (s: ReleaseState): NextStep[] =>
  s.phase === 'prepare'
    ? []
    : [{ command: `just release-run ${s.ticket} --from=${s.phase}`, what: `the whole ${s.phase} phase again` }];

const NEXT: Record<ReleaseStatus, (s: ReleaseState) => NextStep[]> = {
  running: (s) => [
    { command: `just release-run ${s.ticket} --resume`, what: 'go on where it ended, once its process is gone' },
    revert(s.ticket),
    log(s.ticket),
  ],
  halted: (s) =>
    s.mergeSha === ''
      ? [
          { command: `just release-run ${s.ticket} --resume`, what: 'go on where it stopped' },
          { command: `just release-run ${s.ticket}`, what: 'begin again: nothing live was changed' },
          log(s.ticket),
        ]
      : [
          { command: `just release-run ${s.ticket} --resume`, what: 'go on where it stopped, after the mend' },
          ...wholePhase(s),
          revert(s.ticket),
          supersede(s.ticket),
          abandon(s.ticket),
          log(s.ticket),
        ],
  released: () => [],
  unverified: (s) => [
    { command: `just release-run ${s.ticket} --from=verify`, what: 'verify it now' },
    { command: `just release-accept ${s.ticket} --reason='...'`, what: 'call it released without verifying' },
    revert(s.ticket),
    abandon(s.ticket),
  ],
  'awaiting-confirm': (s) => [
    { command: `just release-confirm ${s.ticket}`, what: 'it stays: make it final' },
    { command: `just release-confirm ${s.ticket} --no`, what: 'put everything back now' },
    { command: `just release-extend ${s.ticket} 5m`, what: 'more time to look, up to the cap' },
    { command: `just release-log ${s.ticket} --follow`, what: 'watch it until it is final' },
  ],
  reverting: (s) => [again(s.ticket), log(s.ticket)],
  reverted: (s) =>
    s.push === 'pending'
      ? [{ command: `just release-revert ${s.ticket}`, what: 'push the revert, which is not on the remote yet' }]
      : [],
  'in-doubt': (s) => [again(s.ticket), log(s.ticket), abandon(s.ticket)],
  abandoned: () => [
    { command: 'just release-run NEW-TICKET', what: 'the next release takes over what this one began' },
  ],
};

/** What an operator can type now; nothing where all is well. */
export const nextSteps = (state: ReleaseState): NextStep[] => NEXT[state.releaseStatus](state);

/** Whether it stands in the way of other tickets: it moved the checkout, and nobody has said what becomes of it. */
export const blocksOthers = (state: ReleaseState): boolean =>
  state.mergeSha !== '' && !['released', 'reverted', 'abandoned'].includes(state.releaseStatus);

/** Its records may be moved away, and the ticket run afresh. */
export const isFinished = (state: ReleaseState): boolean =>
  ['released', 'reverted', 'abandoned'].includes(state.releaseStatus);
