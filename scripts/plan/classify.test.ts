import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ChangedPath } from '../model/checkout.ts';
import { ReleaseError } from '../model/error.ts';
import { type Classification, claims, classify, type ServiceEnds } from './classify.ts';
import { config } from './fixture.ts';

const installed = (watch: string[] = []) => ({ installed: true, watch });
const away = { installed: false, watch: [] };
const both: ServiceEnds = { before: installed(), after: installed() };
const changed = (...paths: string[]): ChangedPath[] => paths.map((path) => ({ path, status: 'modified' }));
const added = (...paths: string[]): ChangedPath[] => paths.map((path) => ({ path, status: 'added' }));

function look(
  changes: ChangedPath[],
  services: Record<string, ServiceEnds>,
  more: { yaml?: string; ticket?: string; known?: string[] } = {},
): Classification {
  return classify(changes, new Map(Object.entries(services)), config(more.yaml), more.ticket ?? '7', more.known ?? []);
}

const kinds = (found: Classification, name: string) => (found.reasons.get(name) ?? []).map(({ kind }) => kind);

test('a path of a package is its service, counted once as a reason', () => {
  const found = look(changed('packages/wiki/a', 'packages/wiki/b/c', 'packages/chat/x'), { wiki: both, chat: both });
  expect(found.reasons.get('wiki')).toEqual([{ kind: 'path', path: 'packages/wiki/a', count: 2 }]);
  expect([...found.reasons.keys()]).toEqual(['wiki', 'chat']);
  expect(found.unclassified).toEqual([]);
});

test('watched and shared paths concern those who say so', () => {
  const services = {
    wiki: { before: both.before, after: installed(['theme/**']) },
    chat: both,
    old: { before: away, after: away },
  };
  const found = look(changed('theme/a.css', 'base/x', 'proxy/y'), services, {
    yaml: "shared: { 'base/**': all, 'proxy/**': [chat, old] }",
  });
  expect(kinds(found, 'wiki')).toEqual(['watch', 'shared']);
  expect(kinds(found, 'chat')).toEqual(['shared']);
  expect(found.reasons.has('old')).toBe(false);
});

test('services that come and go', () => {
  const found = look([], {
    fresh: { before: undefined, after: installed() },
    woken: { before: away, after: installed() },
    gone: { before: installed(), after: undefined },
    left: { before: installed(), after: away },
    never: { before: away, after: undefined },
    same: both,
  });
  expect(Object.fromEntries([...found.reasons].map(([name, [reason]]) => [name, reason?.kind]))).toEqual({
    fresh: 'added',
    woken: 'added',
    gone: 'removed',
    left: 'removed',
  });
});

test('what belongs to nothing is said; what is ignored is not', () => {
  const found = look(changed('docs/a.md', 'README.md', 'odd/file', 'packages/nobody/x', 'packages/loose', 'justfile'), {
    wiki: both,
  });
  expect(found.unclassified).toEqual(['odd/file', 'packages/nobody/x', 'packages/loose']);
  expect(found.engine).toEqual(['justfile']);
});

test("the ticket's scripts are those that the range added", () => {
  const found = look(
    [
      ...added(
        'releases/7-b.sh',
        'releases/7-a.ts',
        'releases/7-a.revert.ts',
        'releases/8-x.sh',
        'releases/7-notes.txt',
      ),
      ...changed('releases/7-old.sh'),
      { path: 'releases/7-gone.sh', status: 'deleted' },
      { path: 'releases/7-2-gone.sh', status: 'deleted' },
    ],
    {},
  );
  expect(found.scripts).toEqual(['releases/7-a.ts', 'releases/7-b.sh']);
  expect(found.revertScripts).toEqual(['releases/7-a.revert.ts']);
  expect(found.changedScripts).toEqual(['releases/7-old.sh']);
  expect(found.otherScripts).toEqual(['releases/8-x.sh']);
  expect(found.unclassified).toEqual([]);
});

test('a new script with the ticket for its whole name is refused, with a name to give it', () => {
  for (const ending of ['.sh', '.ts', '.revert.sh']) {
    const path = `releases/7${ending}`;
    try {
      look(added(path), {});
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ReleaseError);
      expect((error as ReleaseError).exitCode).toBe(4);
      expect((error as ReleaseError).message).toContain(`${path} would not be run`);
      expect((error as ReleaseError).facts.hint).toEndWith(`releases/7-<words>${ending}`);
    }
  }
  expect(look(changed('releases/7.sh'), {}).changedScripts).toEqual([]);
  expect(look(added('releases/77.sh'), {}).otherScripts).toEqual(['releases/77.sh']);
});

test('a script that two tickets could claim is refused, with another name to give it', () => {
  const cases: Array<[ticket: string, path: string, known: string[], other: string]> = [
    ['1', 'releases/1-2-fix.sh', [], '1-2'],
    ['1', 'releases/1-fix-db.sh', ['1-fix'], '1-fix'],
    ['1-2', 'releases/1-2-fix.sh', ['1'], '1'],
  ];
  for (const [ticket, path, known, other] of cases) {
    const refuse = () => claims(ticket, path, known);
    expect(refuse).toThrow(`Two tickets could claim ${path}: ${ticket} and ${other}`);
    try {
      refuse();
    } catch (error) {
      expect(error).toBeInstanceOf(ReleaseError);
      expect((error as ReleaseError).exitCode).toBe(4);
      expect((error as ReleaseError).facts.hint).toContain('Rename the script');
    }
  }
  expect(claims('1', 'releases/1-2.sh', [])).toBe(true);
  expect(claims('1', 'releases/12-fix.sh', ['12'])).toBe(false);
  expect(claims('1', 'releases/1-fix.sh', ['2', '1'])).toBe(true);
});

test('every changed path ends in exactly one class', () => {
  const part = fc.constantFrom(
    'wiki',
    'chat',
    'old',
    'theme',
    'docs',
    'x.md',
    'scripts',
    'releases',
    '7-a.sh',
    '8-b.ts',
    'odd',
  );
  const path = fc.oneof(
    fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    fc.array(part, { minLength: 1, maxLength: 2 }).map((parts) => `packages/${parts.join('/')}`),
    fc.constantFrom('justfile', 'package.json', '.asd/release.yaml', 'theme/x', 'base/y', 'releases/7-c.revert.sh'),
  );
  const change = fc.record({ path, status: fc.constantFrom('added', 'modified', 'deleted') });
  const services: Record<string, ServiceEnds> = {
    wiki: { before: installed(), after: installed(['theme/**']) },
    chat: both,
    old: { before: away, after: away },
  };
  fc.assert(
    fc.property(fc.uniqueArray(change, { selector: (c) => c.path, maxLength: 12 }), (changes) => {
      const whole = look(changes as ChangedPath[], services, { yaml: "shared: { 'base/**': all }" });
      for (const one of changes) {
        const alone = look([one] as ChangedPath[], services, { yaml: "shared: { 'base/**': all }" });
        const classes = [
          one.path.startsWith('docs/') || /^[^/]*\.md$/.test(one.path) ? ['ignored'] : [],
          alone.reasons.size > 0 || /^packages\/(wiki|chat|old)\/./.test(one.path) ? ['service'] : [],
          one.path.startsWith('releases/') ? ['script'] : [],
          alone.engine.length > 0 ? ['engine'] : [],
          alone.unclassified.length > 0 ? ['unclassified'] : [],
        ].flat();
        expect(classes).toHaveLength(1);
        expect(whole.unclassified.includes(one.path)).toBe(classes[0] === 'unclassified');
      }
    }),
  );
});
