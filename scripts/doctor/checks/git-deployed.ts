// What is marked as deployed: there, whole, and under the checkout. And that no commit was made on this host.
import { isAncestor, readRef, resolveCommit } from '../../host/git/commits.ts';
import { type Repository, tryGit } from '../../host/git/run.ts';
import { ReleaseError } from '../../model/error.ts';
import { type Check, type Finding, fail, type Mend, mend, pass, skip, warn } from '../check.ts';
import type { Patient } from '../patient.ts';

const REF = 'refs/asd/deployed';

export const deployed: Check = {
  id: 'git-deployed',
  needs: 'repository',
  async look(at) {
    const { repo } = at;
    if (repo === undefined) return [skip('no checkout')];
    const { head } = await at.tree();
    let sha: string | undefined;
    try {
      sha = await readRef(repo, REF);
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      return [
        fail(
          error.facts.what,
          (await fromRecords(at, repo)) ?? mend(`git update-ref ${REF} HEAD`, 'if the checkout is what runs'),
        ),
      ];
    }
    if (sha === undefined)
      return [
        fail(
          'nothing is marked as deployed',
          (await fromRecords(at, repo)) ??
            mend('just release-adopt', 'compare what runs with the checkout, and mark it'),
        ),
      ];
    const short = sha.slice(0, 12);
    if (sha === head) return [pass(`${short}, as checked out`)];
    if (await isAncestor(repo, sha, head))
      return [
        warn(`the checkout was moved by hand from ${short} to ${head.slice(0, 12)}: the next release brings that, too`),
      ];
    if (await isAncestor(repo, head, sha))
      return [
        fail(
          `the checkout is behind ${short}, which is deployed`,
          mend(`git merge --ff-only ${REF}`, 'bring it to what is deployed'),
        ),
      ];
    return [
      fail(
        `${short}, which is deployed, is not in the history of the checkout`,
        mend(`git reset --keep ${REF}`, 'back to what is deployed; git reflog keeps the rest'),
      ),
    ];
  },
};

/** What the newest release brought, if nothing was checked out since. */
async function fromRecords(at: Patient, repo: Repository): Promise<Mend | undefined> {
  const released = at
    .releases()
    .filter(({ state }) => state?.releaseStatus === 'released')
    .toSorted((a, b) => ((a.state?.timestamps.VERIFY_DONE ?? '') < (b.state?.timestamps.VERIFY_DONE ?? '') ? 1 : -1));
  const state = released[0]?.state;
  if (state === undefined || (await resolveCommit(repo, state.mergeSha)) === undefined) return undefined;
  return mend(`git update-ref ${REF} ${state.mergeSha}`, `what ${state.ticket}, the newest release, brought`);
}

export const localCommits: Check = {
  id: 'git-local-commits',
  needs: 'repository',
  async look(at): Promise<Finding[]> {
    const { repo } = at;
    if (repo === undefined) return [skip('no checkout')];
    const { head, branch } = await at.tree();
    const known = await resolveCommit(repo, `refs/remotes/origin/${branch ?? at.config.branch}`);
    if (known === undefined) return [skip(`origin/${branch ?? at.config.branch} was never fetched`)];
    if (await isAncestor(repo, head, known)) return [pass('every commit of the checkout is on origin')];
    const { stdout } = await tryGit(repo, ['rev-list', '--count', `${known}..${head}`]);
    const base = (await tryGit(repo, ['merge-base', head, known])).stdout.trim();
    const kept = `host-local-${head.slice(0, 10)}`;
    // Pushed by this host, it may be on origin by now without having been fetched since.
    return [
      fail(
        `${stdout.trim()} commits of the checkout are not on origin, as far as was fetched`,
        mend(
          `git push origin HEAD:refs/heads/${kept} && git reset --keep ${base === '' ? known : base}`,
          'keep them on a branch of their own, to be merged there',
        ),
      ),
    ];
  },
};
