// The recipes of docs/reference.md, written from what the verbs themselves say: scripts/launch dev/reference puts them into the page.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Usage } from '../release/arguments.ts';

const CHECKOUT = join(import.meta.dir, '..', '..');
export const PAGE = join(CHECKOUT, 'docs', 'reference.md');
const [BEGIN, END] = ['<!-- recipes -->', '<!-- /recipes -->'];

/** What every importable recipe takes, in the order of the justfile. */
export async function usages(): Promise<Usage[]> {
  const text = readFileSync(join(CHECKOUT, 'justfile'), 'utf8');
  const scripts = [...text.matchAll(/scripts\/launch release\/([\w-]+) "\$@"/g)].map(([, name]) => name);
  const found: Usage[] = [];
  for (const script of scripts) {
    const { verb } = (await import(join(CHECKOUT, 'scripts', 'release', `${script}.ts`))) as { verb: { usage: Usage } };
    found.push(verb.usage);
  }
  return found;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

function recipe({ verb, words, what, flags }: Usage): string {
  const rows = Object.entries(flags).map(
    ([name, flag]) => `| \`--${name}${flag.type === 'string' ? '=...' : ''}\` | ${cell(flag.what)} |`,
  );
  const table = rows.length === 0 ? [] : ['', '| flag | does |', '|---|---|', ...rows];
  return [`### \`just ${[verb, ...words].join(' ')}\``, '', what, ...table, ''].join('\n');
}

/** The page with its recipes as they are now. @throws Error where the page lacks the marks. */
export function withRecipes(page: string, all: readonly Usage[]): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no ${BEGIN} ... ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${all.map(recipe).join('\n')}\n${page.slice(end)}`;
}

if (import.meta.main) writeFileSync(PAGE, withRecipes(readFileSync(PAGE, 'utf8'), await usages()));
