// just playbook [ID]: the failures that are known, and all that is known of one.
import { toplevel } from '../host/git/repository.ts';
import { badInput, ReleaseError, refused } from '../model/error.ts';
import { inColumns } from './columns.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'playbook',
    words: ['[ID]'],
    what: 'The failures that are known, or all that is known of one; problems in playbooks are told.',
    flags: { json: { type: 'boolean', what: 'as JSON, a line each' } },
  },
  mutating: false,
  async run(given, { host, terminal, engine }) {
    const { readPlaybooks } = await import('../playbooks/read.ts');
    const { playbookFolders } = await import('./known-failures.ts');
    const root = await toplevel(host, host.machine.env.ASD_ROOT ?? host.machine.cwd).catch((error: unknown) => {
      // The engine's own can be read from anywhere.
      if (error instanceof ReleaseError) return undefined;
      throw error;
    });
    const { playbooks, problems } = readPlaybooks(host, playbookFolders({ host, engine, root }));
    const [id] = given.words;
    const chosen = playbooks.filter((each) => id === undefined || each.id === id);
    if (id !== undefined && chosen.length === 0)
      throw badInput({ what: `There is no playbook ${JSON.stringify(id.slice(0, 80))}`, hint: 'See: just playbook' });
    if (given.has('json')) for (const each of chosen) terminal.say(JSON.stringify(each));
    else if (id === undefined)
      for (const line of inColumns(
        ['ID', 'SYMPTOM'],
        chosen.map((each) => [each.id, each.symptom]),
      ))
        terminal.say(line);
    else for (const each of chosen) for (const line of page(each)) terminal.say(line);
    if (problems.length === 0) return 0;
    throw refused({
      what: `${problems.length} problems in playbooks, which are not used`,
      details: problems,
      hint: 'Mend the lines above.',
    });
  },
};

type Page = Awaited<ReturnType<typeof import('../playbooks/read.ts')['readPlaybooks']>>['playbooks'][number];

function page({ id, symptom, detection, root_cause, fix, verify, file }: Page): string[] {
  return [
    `${id}: ${symptom}`,
    '',
    'Told by',
    ...detection.map((sign) =>
      sign.command === undefined
        ? `  ${sign.log === undefined ? 'output' : 'log'}: ${sign.log ?? sign.output ?? ''}`
        : `  ${sign.command.join(' ')}: ${[sign.shows === undefined ? [] : [`shows ${sign.shows}`], sign.exit === undefined ? [] : [`exits ${sign.exit}`]].flat().join(', ')}`,
    ),
    'Cause',
    ...root_cause
      .trim()
      .split('\n')
      .map((line) => `  ${line.trim()}`),
    'Fix',
    ...fix.flatMap((step, at) => [
      `  ${at + 1}. ${step.do}`,
      ...(step.run === undefined ? [] : [`       ${step.run}`]),
    ]),
    'Verify',
    ...verify.map(({ run, shows }) => `  ${run}   # shows: ${shows}`),
    '',
    file,
  ];
}

if (import.meta.main) void enter(verb);
