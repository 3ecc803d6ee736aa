// The operators' pages say what is: every recipe and flag is in the reference, and every command in a page is one that can be typed.
import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT } from '../model/error.ts';
import { EVENTS } from '../model/event.ts';
import { nextSteps } from '../plan/next.ts';
import { parsePlaybook } from '../playbooks/playbook.ts';
import { EVENTS_PAGE, PAGE, usages, withEvents, withRecipes } from './reference.ts';

const CHECKOUT = join(import.meta.dir, '..', '..');
const PAGES = [
  'README.md',
  ...readdirSync(join(CHECKOUT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const read = (path: string): string => readFileSync(join(CHECKOUT, path), 'utf8');
const all = await usages();
const DEVELOPING = ['demo', 'test', 'bench', 'torture'];

/** `just ...` in code, one command each: a whole line of a block, or what stands between backticks. */
function commands(text: string): string[] {
  const blocks = [...text.matchAll(/^[ ]*```[a-z]*\n(.*?)^[ ]*```/gms)].map(([, block = '']) => block);
  const inline = [...text.replaceAll(/^[ ]*```[a-z]*\n.*?^[ ]*```/gms, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, code = '']) => code,
  );
  return [...blocks.flatMap((block) => block.split('\n')), ...inline]
    .map((line) => line.trim().replace(/\s+#.*$/, ''))
    .flatMap((line) => line.split(/ && |; /))
    .filter((line) => /^just [a-z]/.test(line));
}

/** What is wrong with a command; undefined: it could be typed. */
function wrong(command: string): string | undefined {
  const [, name = '', ...words] = command.split(/\s+/);
  if (DEVELOPING.includes(name)) return undefined;
  const usage = all.find(({ verb }) => verb === name);
  if (usage === undefined) return `${command}: there is no recipe ${name}`;
  const flags = words.map((word) => /^\[?--([a-z-]+)/.exec(word)?.[1]).filter((flag) => flag !== undefined);
  const unknown = flags.filter((flag) => flag !== 'help' && !(flag in usage.flags));
  return unknown.length === 0
    ? undefined
    : `${command}: ${name} has no ${unknown.map((flag) => `--${flag}`).join(', ')}`;
}

test('the reference has every recipe with every flag, as the verbs say them', () => {
  expect(all.length).toBeGreaterThan(15);
  const page = readFileSync(PAGE, 'utf8');
  // To write it anew: scripts/launch dev/reference
  expect(page).toBe(withRecipes(page, all));
});

test('every event with its fields is described', () => {
  const page = readFileSync(EVENTS_PAGE, 'utf8');
  expect(page).toBe(withEvents(page));
  for (const { what, fields } of Object.values(EVENTS))
    for (const said of [what, ...Object.values(fields)]) expect(said).not.toBe('');
});

test('the reference has every exit code', () => {
  const page = readFileSync(PAGE, 'utf8');
  for (const code of Object.values(EXIT)) expect(page).toMatch(new RegExp(`^\\| ${code} \\| \\S`, 'm'));
});

test.each(PAGES)('every command of %s names a recipe and flags that there are', (path) => {
  expect(
    commands(read(path))
      .map(wrong)
      .filter((each) => each !== undefined),
  ).toEqual([]);
});

test('commands are found, and wrong ones are', () => {
  const text = 'Type `just release-run T --resume`.\n\n```\njust relase-run T\njust doctor --fxi   # look\n```\n';
  expect(commands(text)).toEqual(['just relase-run T', 'just doctor --fxi', 'just release-run T --resume']);
  expect(commands(text).map(wrong)).toEqual([
    'just relase-run T: there is no recipe relase-run',
    'just doctor --fxi: doctor has no --fxi',
    undefined,
  ]);
  expect(commands(read('docs/debugging.md')).length).toBeGreaterThan(15);
});

test.each(PAGES)('every link of %s leads somewhere', (path) => {
  const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !existsSync(join(CHECKOUT, dirname(path), link)))).toEqual([]);
});

test('what playbooks and the next steps print can be typed, too', () => {
  const folder = join(CHECKOUT, 'recovery/playbooks');
  const steps = readdirSync(folder).flatMap((name) => {
    const { playbook } = parsePlaybook(readFileSync(join(folder, name), 'utf8'), name);
    return [...(playbook?.fix ?? []), ...(playbook?.verify ?? [])].map(({ run }) => run ?? '');
  });
  const state = { ticket: 'T-1', mergeSha: 'x', phase: 'verify' };
  const next = (['halted', 'unverified', 'in-doubt', 'running', 'reverting', 'abandoned'] as const).flatMap(
    (releaseStatus) =>
      nextSteps({ ...state, releaseStatus } as Parameters<typeof nextSteps>[0]).map(({ command }) => command),
  );
  const typed = [...steps, ...next].filter((line) => line.startsWith('just '));
  expect(typed.length).toBeGreaterThan(20);
  expect(typed.map(wrong).filter((each) => each !== undefined)).toEqual([]);
});

test("the reference's own playbook is a sound one", () => {
  const [, yaml = ''] = /```yaml\n(id: .*?)```/s.exec(readFileSync(PAGE, 'utf8')) ?? [];
  expect(parsePlaybook(yaml, 'reference.md').problems).toEqual([]);
});

test('architecture is one page', () => {
  expect(read('docs/architecture.md').trimEnd().split('\n').length).toBeLessThanOrEqual(50);
});
