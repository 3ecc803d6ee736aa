// A playbook: one known failure, how it is told from others, and what mends it. YAML text -> Playbook, all problems at once.
import { readYaml } from '../manifest/document.ts';
import { also, text, whole } from '../manifest/fields.ts';
import { type Problem, problemLine } from '../manifest/problems.ts';
import { argv, field, listOf, type Output, readShape, section } from '../manifest/sections.ts';
import { CASE_NAMES } from './case.ts';
import { namesIn } from './fill.ts';
import { patternProblem } from './pattern.ts';

const pattern = also(text, (words) => patternProblem(words));
const id = also(text, (words) =>
  /^[a-z0-9][a-z0-9-]{0,62}$/.test(words)
    ? undefined
    : { unfit: 'must be lower case words with dashes, such as port-taken' },
);
const oneLine = also(text, (words) =>
  /[\x00-\x1f\x7f]/.test(words.trim()) ? { unfit: 'must be one line, without control characters' } : undefined,
);

const sign = section({
  log: field(pattern).optional(),
  output: field(pattern).optional(),
  command: argv(text).optional(),
  shows: field(pattern).optional(),
  exit: field(whole(0, 255)).optional(),
});

const step = section({ do: field(oneLine), run: field(oneLine).optional() });

export const playbookSchema = section({
  id: field(id),
  symptom: field(oneLine),
  detection: listOf(sign, 'a list of signs, each a log or output pattern or a command', 1),
  root_cause: field(text),
  fix: listOf(step, 'a list of steps: do, and the command to run', 1),
  verify: listOf(section({ run: field(oneLine), shows: field(oneLine) }), 'a list of commands and what they show', 1),
});

export type Sign = Output<typeof sign>;
export type Playbook = Output<typeof playbookSchema>;

/** @param file as operators know it. @returns problems with line and column; the playbook counts only where there are none. */
export function parsePlaybook(source: string, file: string): { playbook: Playbook | undefined; problems: string[] } {
  const yaml = readYaml(source, file, () => true);
  if (yaml.value === undefined) return { playbook: undefined, problems: yaml.problems.map(problemLine) };
  const read = readShape(playbookSchema, yaml.value, yaml, []);
  const problems: Problem[] = [...yaml.problems];
  if ('problems' in read) problems.push(...read.problems);
  else problems.push(...meaning(read.data).map(({ path, what }) => yaml.problem(path, what)));
  return { playbook: 'data' in read ? read.data : undefined, problems: problems.map(problemLine) };
}

interface Fault {
  path: PropertyKey[];
  what: string;
}

/** What a schema cannot say: each sign is of one kind, and a `{name}` stands for something that is known by then. */
function meaning(playbook: Playbook): Fault[] {
  const faults: Fault[] = [];
  const known = new Set<string>(CASE_NAMES);
  const check = (words: string, path: PropertyKey[]): void => {
    for (const name of namesIn(words))
      if (!known.has(name)) faults.push({ path, what: `{${name}} is found by no sign before it` });
  };
  for (const [at, one] of playbook.detection.entries()) {
    const path = ['detection', at];
    const kinds = [one.log, one.output, one.command].filter((each) => each !== undefined);
    if (kinds.length !== 1) faults.push({ path, what: 'must be one of log, output or command' });
    if (one.command === undefined && (one.shows !== undefined || one.exit !== undefined))
      faults.push({ path, what: 'shows and exit belong to a command' });
    if (one.command !== undefined && one.shows === undefined && one.exit === undefined)
      faults.push({ path, what: 'must say what its command has to show, or how it exits' });
    for (const [index, word] of (one.command ?? []).entries()) check(word, [...path, 'command', index]);
    if (one.command?.[0]?.includes('{')) faults.push({ path: [...path, 'command', 0], what: 'must name a program' });
    for (const source of [one.log, one.output, one.shows])
      for (const [, name = ''] of (source ?? '').matchAll(/\(\?<([A-Za-z]\w*)>/g)) known.add(name);
  }
  if (!playbook.detection.some((one) => one.log !== undefined || one.output !== undefined))
    faults.push({
      path: ['detection'],
      what: 'needs a log or output pattern: commands alone are run for every failure',
    });
  for (const [at, one] of playbook.fix.entries())
    for (const words of [one.do, one.run ?? '']) check(words, ['fix', at]);
  for (const [at, one] of playbook.verify.entries())
    for (const words of [one.run, one.shows]) check(words, ['verify', at]);
  return faults;
}
