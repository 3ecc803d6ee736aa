// `.asd/release.yaml` and every manifest: read in full, all problems with their places.

import { shellWord } from '../../backups/shell.ts';
import { type Check, type Finding, fail, type Mend, mend, pass } from '../check.ts';
import type { Patient } from '../patient.ts';
import { askVariable } from '../variable.ts';

/** For what was committed wrongly. */
export const NEXT_RELEASE = mend('just release-run NEW-TICKET', 'once the correction is pushed');

/** Every release reads the live settings before anything else: what mends them cannot be brought by one. */
const pull = ({ config }: Patient): Mend =>
  mend(
    `git pull --quiet --ff-only origin ${shellWord(config.branch)}`,
    'once the correction is pushed; the next release brings it, too',
  );

export const settings: Check = {
  id: 'settings',
  async look(at) {
    const { configProblem } = at;
    if (configProblem === undefined) return [pass('.asd/release.yaml')];
    const { what, details = [] } = configProblem.facts;
    return [fail([what, ...details].join('; '), await fileMend(at, ['.asd/release.yaml'], pull(at)))];
  },
};

export const manifests: Check = {
  id: 'manifests',
  async look(at) {
    const wrong = at.packages.filter(({ problems }) => problems.length > 0);
    if (wrong.length === 0) return [pass(`${at.packages.length} installed services`)];
    return await Promise.all(
      wrong.map(async ({ file, problems }): Promise<Finding> => {
        const unset = problems
          .map((line) => /: ([A-Za-z_][\w, ]*) is not set in \.env$/.exec(line)?.[1])
          .filter((n) => n !== undefined);
        if (unset.length === problems.length)
          return fail(`${file}: ${problems.join('; ')}`, ...unset.flatMap((n) => n.split(', ')).map(askVariable));
        return fail(problems.join('; '), await fileMend(at, [file]));
      }),
    );
  },
};

/** A tracked file that was changed by hand goes back to its commit; one that was committed wrongly is mended by the next release. */
export async function fileMend(at: Patient, files: readonly string[], otherwise = NEXT_RELEASE): Promise<Mend> {
  const dirty = at.repo === undefined ? [] : (await at.tree()).dirty.map(({ path }) => path);
  const changed = files.filter((file) => dirty.includes(file));
  return changed.length > 0
    ? mend(`git checkout HEAD -- ${changed.map(shellWord).join(' ')}`, 'drop what was changed by hand')
    : otherwise;
}
