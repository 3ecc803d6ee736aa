import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseChangelog } from './changelog.ts';
import { facts, service } from './fixture.ts';
import { breakingOf, checkBreaking, describeNotes, newNotes } from './notes.ts';
import { makePlan } from './plan.ts';

const OLD = `# Changelog
All notable changes.

## [Unreleased]
### Added
- A search box
  that wraps

## [1.0.0] - 2026-01-01
### Removed
- The v0 API
### Fixed
- A typo
- A typo

[1.0.0]: https://example.org/1.0.0
`;

const added = (before: string | undefined, after: string | undefined) =>
  newNotes([{ path: 'CHANGELOG.md', before, after }]).entries.map(
    ({ version, kind, text, breaking }) => `${breaking ? '!' : '-'} ${version} ${kind}: ${text}`,
  );

describe('entries', () => {
  test('versions, kinds, wrapped items; links and blank sections are none', () => {
    expect(parseChangelog(OLD).map(({ version, kind, text }) => [version, kind, text])).toEqual([
      ['Changelog', '', 'All notable changes.'],
      ['Unreleased', 'Added', 'A search box that wraps'],
      ['1.0.0 - 2026-01-01', 'Removed', 'The v0 API'],
      ['1.0.0 - 2026-01-01', 'Fixed', 'A typo'],
      ['1.0.0 - 2026-01-01', 'Fixed', 'A typo'],
    ]);
  });

  test('nested items and paragraphs below an item belong to it; code is no heading; comments are nothing', () => {
    const text =
      '## 2.0\n### Added\n* one\n  - under\n\n  more of it\n\n  ```\n  # no heading\n  ```\n* two <!-- x -->\n<!--\n- not this\n-->\n\nA paragraph.\n';
    expect(parseChangelog(text).map((entry) => entry.text)).toEqual([
      'one under more of it ``` # no heading ```',
      'two',
      'A paragraph.',
    ]);
  });

  test('headings underlined, with links, of another depth', () => {
    const text =
      'Changelog\n=========\n\n2.1.0\n-----\n\n- a\n\n### [2.0.1](https://example.org) (2026-01-02)\n\n#### Removed\n- b\n';
    expect(parseChangelog(text).map(({ version, kind, text: words }) => [version, kind, words])).toEqual([
      ['2.1.0', '', 'a'],
      ['2.0.1 (2026-01-02)', 'Removed', 'b'],
    ]);
  });

  test.each([
    ['### Removed\n- x', true],
    ['### BREAKING CHANGES\n- x', true],
    ['### Changed\n- **BREAKING:** x', true],
    ['### Changed\n- x, which is BREAKING', true],
    ['### Changed\n- Breaking: x', true],
    ['### Added\n- x\n  - BREAKING: y', true],
    ['### Removed\n- None', false],
    ['### Removed\n', false],
    ['### Changed\n- a non-BREAKING change', false],
    ['### Changed\n- a line breaking algorithm', false],
    ['### Removed\n- 删除旧接口', true],
    ['### Fixed\n- what was removed by mistake', false],
  ])('%j breaks: %p', (text, breaks) => {
    expect(parseChangelog(`## 1.0.0\n${text}\n`).some((entry) => entry.breaking)).toBe(breaks);
  });

  test('any text is read', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('# a', '## 1.0', '- x', '  - y', '```', '<!--', '-->', '---', '\r\n', '\n', '\0', ' z'),
        ),
        (parts) => {
          for (const { text } of parseChangelog(parts.join('\n'))) expect(text).not.toContain('\n');
        },
      ),
    );
    const began = '<!-- '.repeat(100_000) + '['.repeat(100_000);
    expect(parseChangelog(`- ${began}`)).toEqual([]);
  });
});

describe('what is new', () => {
  test('an added file: all of it; a removed one: nothing', () => {
    expect(added(undefined, '## 1.0\n### Removed\n- x\n')).toEqual(['! 1.0 Removed: x']);
    expect(added(OLD, undefined)).toEqual([]);
  });

  test('Unreleased that becomes a version is not new twice', () => {
    const released = OLD.replace('## [Unreleased]', '## [Unreleased]\n\n## [1.1.0] - 2026-02-01');
    expect(added(OLD, released)).toEqual([]);
    expect(added(OLD, released.replace('### Added\n', '### Removed\n- The old page\n\n### Added\n'))).toEqual([
      '! 1.1.0 - 2026-02-01 Removed: The old page',
    ]);
  });

  test('the same words once more are new once, at the top', () => {
    expect(added(OLD, OLD.replace('### Added', '### Fixed\n- A typo\n### Added'))).toEqual([
      '- Unreleased Fixed: A typo',
    ]);
  });

  test('reformatted, wrapped anew, with other line ends, moved to another file: not new', () => {
    const other = OLD.replaceAll('- ', '* ').replace('box\n  that', 'box that').replaceAll('\n', '\r\n');
    expect(added(OLD, `\uFEFF${other}`)).toEqual([]);
    const moved = newNotes([
      { path: 'CHANGELOG.md', before: OLD, after: undefined },
      { path: 'packages/wiki/CHANGELOG.md', before: undefined, after: OLD },
    ]);
    expect(moved.entries).toEqual([]);
  });

  test('what becomes a removal is told', () => {
    const text = '## 1.0\n### Deprecated\n- The v1 API\n';
    expect(added(text, text.replace('Deprecated', 'Removed'))).toEqual(['! 1.0 Removed: The v1 API']);
  });

  test('entries in whatever order and versions: exactly the inserted ones', () => {
    const word = fc.stringMatching(/^[a-z]{3,12}$/);
    const entry = fc.record({ text: word, kind: fc.constantFrom('Added', 'Fixed', 'Removed') });
    const page = (list: Array<{ text: string; kind: string }>) =>
      list.map(({ text, kind }, at) => `## ${at}.0\n### ${kind}\n- ${text}\n`).join('\n');
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), fc.nat(), (old, more, at) => {
        const cut = at % (old.length + 1);
        const told = added(page(old), page([...old.slice(0, cut), ...more, ...old.slice(cut)]));
        const plain = (list: typeof more) =>
          list.map(({ text, kind }) => `${kind === 'Removed' ? '!' : '-'}${text}`).toSorted();
        expect(told.map((line) => `${line[0]}${line.split(': ')[1]}`).toSorted()).toEqual(
          // Equal ones that were there already count as there.
          plain(more),
        );
      }),
    );
  });

  test('bounded, but every one that breaks is counted, and no control character gets through', () => {
    const many = `## 1.0\n### Added\n${'- a\n'.repeat(1_000)}### Removed\n${Array.from({ length: 300 }, (_, n) => `- r${n}\x1b[31m\u202e${'x'.repeat(2_000)}\n`).join('')}`;
    const notes = newNotes([{ path: 'CHANGELOG.md', before: '', after: many }]);
    expect([notes.entries.length, notes.left, notes.leftBreaking]).toEqual([260, 1_040, 100]);
    expect(breakingOf({ notes })?.count).toBe(300);
    const text = describeNotes(notes).join('\n');
    expect(text).not.toMatch(/[\x1b\u202e]/);
    expect(text).toContain('\\u{1b}[31m');
    expect(text.length).toBeLessThan(150_000);
  });
});

test('the plan shows them, and is refused until somebody acknowledges what breaks', () => {
  const plan = makePlan(
    facts({ services: [service('wiki')], changelogs: [{ path: 'CHANGELOG.md', before: '', after: OLD }] }),
  );
  expect(describeNotes(plan.notes)).toContain('  CHANGELOG.md, 1.0.0 - 2026-01-01, Removed');
  expect(() => checkBreaking(plan, false)).toThrow('An entry of the changelog says');
  try {
    checkBreaking(plan, false);
  } catch (error) {
    expect(error).toMatchObject({
      exitCode: 4,
      facts: {
        details: ['CHANGELOG.md, 1.0.0 - 2026-01-01, Removed: The v0 API'],
        hint: [expect.any(String), 'just release-run T-1 --ack-breaking'],
      },
    });
  }
  expect(() => checkBreaking(plan, true)).not.toThrow();
  expect(() => checkBreaking(makePlan(facts({ services: [service('wiki')] })), false)).not.toThrow();
});
