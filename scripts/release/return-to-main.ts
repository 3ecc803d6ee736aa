// just release-return-to-main: after a hotfix whose branch was merged, the checkout goes back to the branch of this host.
import { readRef, resolveCommit } from '../host/git/commits.ts';
import { fetchBranch } from '../host/git/fetch.ts';
import { howMerged } from '../host/git/merged.ts';
import { checkMove } from '../host/git/move.ts';
import { diffTree } from '../host/git/trees.ts';
import { workingTree } from '../host/git/working-tree.ts';
import { refused } from '../model/error.ts';
import { classify } from '../plan/classify.ts';
import { notMerged, returnedLines } from '../plan/hotfix.ts';
import { checkCheckout, throwAll } from '../plan/preflight.ts';
import type { Context } from './context.ts';
import { DEPLOYED_REF } from './deployed-ref.ts';
import { locked } from './locked.ts';
import { readManifests } from './manifests.ts';
import { configIn } from './observe.ts';
import { completeReturn, moveWithIntent } from './return-intent.ts';
import { saying } from './said.ts';
import { checkUnblocked, readRecords } from './standing-records.ts';
import { enter, type Verb } from './verb.ts';

/** No release is called so: it is what the records are read with, to see whether one is in the way. */
const NO_TICKET = 'RETURN';

export const verb: Verb = {
  usage: {
    verb: 'release-return-to-main',
    words: [],
    what: 'Goes back to the branch of this host after a hotfix that was merged there; touches no service.',
    flags: { json: { type: 'boolean', what: 'what it did, as JSON' } },
  },
  mutating: true,
  run: async (given, world) =>
    await saying(world, given.has('json'), (aside) =>
      locked(aside, '', 'release-return-to-main', async (context) => {
        for (const line of await returnToMain(context)) aside.terminal.say(line);
        return 0;
      }),
    ),
};

/** @returns what to tell. @throws refused where the fix is not merged, or something stands in the way: nothing is changed then. */
export async function returnToMain(context: Context): Promise<string[]> {
  const { repo, config } = context;
  const home = config.branch;
  checkUnblocked(readRecords(context, NO_TICKET), undefined);
  await completeReturn(context);
  const tree = await workingTree(repo);
  throwAll(checkCheckout(tree, { branch: home, allowNonMain: true }));
  const { branch = home, head, remote = 'origin' } = tree;
  const { sha } = await fetchBranch(repo, home);
  if (branch === home)
    return [
      `${home} is checked out already.`,
      ...returnedLines({ home, sha: head, ...(await undeployed(context, head)) }),
    ];
  const merged = await howMerged(repo, { work: head, into: sha });
  if (merged.how === 'no') throw refused({ ...notMerged({ ...merged, branch, home, head, remote }), where: repo.root });
  const passage = { from: { branch, sha: head }, to: { branch: home, sha } };
  if ((await checkMove(repo, passage)) === 'due') await moveWithIntent(context, passage);
  const how = {
    merged: 'merged',
    squashed: 'merged as a squash',
    picked: 'there by equal patches',
    equal: 'there by content',
  };
  return [
    `${branch} (${head.slice(0, 12)}) is in origin/${home}: ${how[merged.how]}. The local branch stays: git branch -D ${branch} drops it.`,
    ...returnedLines({ home, sha, ...(await undeployed(context, sha)) }),
  ];
}

/** Services of a commit that differ from what is deployed. */
async function undeployed(context: Context, sha: string): Promise<{ deployed: string | undefined; pending: string[] }> {
  const { repo } = context;
  const deployed = await readRef(repo, DEPLOYED_REF);
  if (deployed === undefined || (await resolveCommit(repo, sha)) === deployed) return { deployed, pending: [] };
  const changes = await diffTree(repo, deployed, sha);
  const manifests = await readManifests(repo, deployed, sha, context.env, { changes });
  const config = await configIn(repo, manifests.settings);
  const { reasons } = classify(changes, manifests.ends, config, NO_TICKET, []);
  return { deployed, pending: [...reasons.keys()].toSorted() };
}

if (import.meta.main) void enter(verb);
