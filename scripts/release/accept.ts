// just release-accept TICKET: call an unverified release released.
import { readRef, updateRef } from '../host/git/commits.ts';
import { workingTree } from '../host/git/working-tree.ts';
import { refused } from '../model/error.ts';
import { closingVerb } from './closing.ts';
import { DEPLOYED_REF } from './deployed-ref.ts';
import { enter } from './verb.ts';

export const verb = closingVerb({
  verb: 'release-accept',
  what: 'Calls an unverified release released, on your word.',
  event: 'accepted',
  check(state) {
    if (state.releaseStatus === 'unverified') return;
    throw refused({
      what: `${state.ticket} is ${state.releaseStatus}, not unverified`,
      hint:
        state.releaseStatus === 'halted'
          ? `Verify it: just release-run ${state.ticket} --from=verify`
          : `See: just release-state ${state.ticket}`,
    });
  },
  async before({ repo }, state) {
    const tree = await workingTree(repo);
    if (tree.head !== state.mergeSha)
      throw refused({
        what: `HEAD is ${tree.head.slice(0, 12)}, not MERGE_SHA ${state.mergeSha.slice(0, 12)}`,
        hint: 'What is accepted has to be what is checked out.',
      });
    const now = await readRef(repo, DEPLOYED_REF);
    if (now !== state.mergeSha) await updateRef(repo, DEPLOYED_REF, state.mergeSha, now);
  },
  after: (state) => [`${state.ticket} is released on your word; ${state.mergeSha.slice(0, 12)} is marked as deployed.`],
});

if (import.meta.main) void enter(verb);
