// The recipes of docs/reference.md and the events of docs/events.md, written from what the code itself says: scripts/launch dev/reference
// puts them into the pages.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENTS } from '../model/event.ts';
import { NOTICES } from '../model/notice.ts';
import type { Usage } from '../release/arguments.ts';

const CHECKOUT = join(import.meta.dir, '..', '..');
export const PAGE = join(CHECKOUT, 'docs', 'reference.md');
export const EVENTS_PAGE = join(CHECKOUT, 'docs', 'events.md');

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

/** What stands between two marks of a page, replaced. @throws Error where the page lacks the marks. */
function between(page: string, mark: string, text: string): string {
  const [opens, closes] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const [begin, end] = [page.indexOf(opens), page.indexOf(closes)];
  if (begin < 0 || end < begin) throw new Error(`a page has no ${opens} ... ${closes}`);
  return `${page.slice(0, begin + opens.length)}\n\n${text}\n${page.slice(end)}`;
}

/** The page with its recipes as they are now. */
export const withRecipes = (page: string, all: readonly Usage[]): string =>
  between(page, 'recipes', all.map(recipe).join('\n'));

function event(name: string, { what, fields }: { what: string; fields: Record<string, string> }): string {
  const rows = Object.entries(fields).map(([field, holds]) => `| \`${field}\` | ${cell(holds)} |`);
  const table = rows.length === 0 ? [] : ['', '| field | holds |', '|---|---|', ...rows];
  return [`### \`${name}\``, '', what, ...table, ''].join('\n');
}

/** The page with its events and notices as they are now. */
export const withEvents = (page: string): string =>
  between(
    between(
      page,
      'notices',
      [
        '| notice | goes out when |',
        '|---|---|',
        ...Object.entries(NOTICES).map(([name, what]) => `| \`${name}\` | ${cell(what)} |`),
        '',
      ].join('\n'),
    ),
    'events',
    Object.entries(EVENTS)
      .map(([name, said]) => event(name, said))
      .join('\n'),
  );

if (import.meta.main) {
  writeFileSync(PAGE, withRecipes(readFileSync(PAGE, 'utf8'), await usages()));
  writeFileSync(EVENTS_PAGE, withEvents(readFileSync(EVENTS_PAGE, 'utf8')));
}
