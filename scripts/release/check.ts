// just release-check: what a release would do; changes nothing.
import { resolveCommit } from '../host/git/commits.ts';
import { toplevel } from '../host/git/repository.ts';
import { badInput } from '../model/error.ts';
import { checkBranch } from '../model/names.ts';
import { dryRun } from './dry-run.ts';
import { enter, type Verb } from './verb.ts';

const CHECK = 'CHECK';

export const verb: Verb = {
  usage: {
    verb: 'release-check',
    words: [],
    what: 'Prints the plan of the release that could be made now; changes nothing.',
    flags: {
      diff: { type: 'string', what: 'up to this commit of the local repository, without asking the remote' },
      incoming: { type: 'string', what: 'up to this branch of the remote (default: the configured one)' },
      'ack-breaking': { type: 'boolean', what: 'exit 0 although the changelog says that something breaks' },
      json: { type: 'boolean', what: 'the plan as JSON' },
    },
  },
  mutating: false,
  async run(given, world) {
    const diff = given.value('diff');
    const incoming = given.value('incoming');
    if (diff !== undefined && incoming !== undefined)
      throw badInput({ what: '--diff and --incoming exclude each other' });
    const root = await toplevel(world.host, world.host.machine.env.ASD_ROOT ?? world.host.machine.cwd);
    const targetSha = diff === undefined ? undefined : await resolveCommit({ host: world.host, root }, diff);
    if (diff !== undefined && targetSha === undefined)
      throw badInput({ what: `--diff=${diff.slice(0, 80)} is no commit of this repository` });
    return await dryRun(world, {
      ticket: CHECK,
      branch: incoming === undefined ? undefined : checkBranch(incoming),
      allowNonMain: true,
      anyCheckout: true,
      services: [],
      advanceOnly: false,
      ackBreaking: given.has('ack-breaking'),
      json: given.has('json'),
      ...(targetSha === undefined ? {} : { targetSha }),
    });
  },
};

if (import.meta.main) void enter(verb);
