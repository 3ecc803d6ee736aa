// What an operator is told about the git of a revert: commands literally, as they can be typed.

/** Names that a shell takes as they are: branches and tickets are checked, URLs may hold anything. */
const word = (text: string): string =>
  /^[A-Za-z0-9._/:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
const short = (sha: string): string => sha.slice(0, 12);

/** @param request.remote origin's URL; its forge's own command where that is known, else git's. */
export function pullRequestCommand(request: { remote: string; branch: string; into: string }): string {
  const { remote, branch, into } = request;
  const host = /^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?([^/:]+)/i.exec(remote)?.[1]?.toLowerCase() ?? '';
  if (/\bgithub\b/.test(host)) return `gh pr create --base ${word(into)} --head ${word(branch)} --fill`;
  if (/\bgitlab\b/.test(host))
    return `glab mr create --target-branch ${word(into)} --source-branch ${word(branch)} --fill`;
  return `git request-pull origin/${word(into)} ${word(remote)} ${word(branch)}`;
}

/** How a reverted change comes back, and how it does not. @param revertSha undefined where the revert is not ours to name. */
export function bringBackLines(facts: {
  ticket: string;
  branch: string;
  mergeSha: string;
  revertSha: string | undefined;
}): string[] {
  const { ticket, branch } = facts;
  const again = `again-${ticket}`;
  const revert =
    facts.revertSha ??
    `$(git log -1 --format=%H --fixed-strings --grep='This reverts commit ${facts.mergeSha}' origin/${branch})`;
  return [
    `Merging the same branch again does not bring ${ticket} back: for git, its commits are in ${branch} already.`,
    'What brings it back, once it is mended, is to revert the revert:',
    '  git fetch origin',
    `  git switch -c ${again} origin/${branch}`,
    `  git revert --no-edit ${revert}`,
    `  git push origin ${again}`,
    `and to merge ${again} into ${branch}, with the mend on top.`,
  ];
}

/** @param found what is not as before the release; undefined: nobody looked. */
export function residueLines(found: readonly string[] | undefined): string[] {
  if (found === undefined) return [];
  if (found.length > 0)
    return ['Compared with before the release, this is not the same:', ...found.map((line) => `  ${line}`)];
  return [
    'Compared with before the release: no difference in checkout, .env, configuration, images, volumes and rows.',
  ];
}

/** Where the revert is now. Mirrors what pushing it answered. */
export type RevertStands =
  | { kind: 'pushed'; revertSha: string | undefined; originSha: string }
  | { kind: 'pending'; reason: string; details: readonly string[]; conflicts: readonly string[] }
  | { kind: 'branch'; name: string; remote: string }
  /** `why`: the remote takes no push; else it is so configured. */
  | { kind: 'none'; revertSha: string | undefined; why?: string };

export interface RevertStory {
  ticket: string;
  branch: string;
  baseSha: string;
  mergeSha: string;
  /** On origin beyond MERGE_SHA. */
  newerCount: number;
}

/** How it stands with origin, and what comes next. */
export function revertGitLines(story: RevertStory, stands: RevertStands): string[] {
  const { ticket, branch, mergeSha, newerCount } = story;
  const revertSha = stands.kind === 'pushed' || stands.kind === 'none' ? stands.revertSha : undefined;
  const newer =
    newerCount === 0
      ? []
      : [
          `${newerCount} newer ${newerCount === 1 ? 'commit is' : 'commits are'} on origin/${branch}: neither lost nor deployed. The next release takes ${newerCount === 1 ? 'it' : 'them'}: just release-run TICKET`,
        ];
  return [...standing(story, stands), ...newer, ...bringBackLines({ ticket, branch, mergeSha, revertSha })];
}

function standing({ ticket, branch, baseSha, mergeSha }: RevertStory, stands: RevertStands): string[] {
  switch (stands.kind) {
    case 'pushed':
      return [
        stands.revertSha === undefined
          ? `origin/${branch} has a revert of ${ticket} already, at ${short(stands.originSha)}.`
          : `The revert of ${ticket} is on origin/${branch}: ${short(stands.revertSha)}.`,
      ];
    case 'pending':
      return stands.conflicts.length > 0
        ? [
            `The revert of ${ticket} is not on origin/${branch}: newer commits changed the same lines of`,
            ...stands.conflicts.map((path) => `  ${path}`),
            'Make it by hand, where these can be resolved; this host recognises it when it is there:',
            `  git switch -c revert-${ticket} origin/${branch}`,
            `  git revert --no-commit $(git commit-tree ${mergeSha}^{tree} -p ${baseSha} -m ${ticket})`,
            `  git commit -m "Revert ${ticket}" -m "This reverts commit ${mergeSha}."`,
            `  git push origin revert-${ticket}`,
          ]
        : [
            `The revert of ${ticket} is not on origin/${branch} yet. ${stands.reason}:`,
            ...stands.details.map((line) => `  | ${line}`),
            `The same command goes on with it: just release-revert ${ticket}`,
            `Where ${branch} takes no push from here, the revert can go by pull request: \`revert: { push: branch }\` in .asd/release.yaml`,
          ];
    case 'branch':
      return [
        `The revert of ${ticket} is on origin as ${stands.name}. It still has to be merged into ${branch}:`,
        `  ${pullRequestCommand({ remote: stands.remote, branch: stands.name, into: branch })}`,
        `Until then a target that contains ${short(mergeSha)} is refused, unless --ack-reverted=${ticket}.`,
      ];
    case 'none':
      return [
        `The revert of ${ticket} is not pushed: ${stands.why ?? 'so configured (revert.push: none)'}. ${branch} still has the change; to take it out, from where it can be pushed:`,
        `  git switch -c revert-${ticket} origin/${branch}`,
        `  git revert --no-commit $(git commit-tree ${mergeSha}^{tree} -p ${baseSha} -m ${ticket})`,
        `  git commit -m "Revert ${ticket}" -m "This reverts commit ${mergeSha}."`,
        `  git push origin revert-${ticket}`,
        `Until then a target that contains ${short(mergeSha)} is refused, unless --ack-reverted=${ticket}.`,
      ];
  }
}
