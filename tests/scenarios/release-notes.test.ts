// What the changelogs newly say is in the plan, and what breaks something stops the release until somebody acknowledges it.
import { expect, test } from 'bun:test';
import { onBoth } from './harness/runtimes.ts';

const OLD = '# Changelog\n\n## [1.0.0] - 2026-01-01\n### Removed\n- The v0 API\n';
const NEW = `# Changelog\r\n\r\n## [2.0.0] - 2026-02-01\r\n### Added\r\n- Caf\xe9 \x1b[31mred\r\n### Removed\r\n- The v1 API\r\n\r\n${OLD.slice(13)}`;

const config = { changelog: ['CHANGELOG.md', 'packages/*/CHANGES.md'] };

onBoth(
  'release notes',
  { services: { alpha: {} }, config, files: { 'CHANGELOG.md': OLD } },
  (host) => {
    test('a removal stops it with nothing changed, in every look and the release; acknowledged it goes on, and that is logged', async () => {
      const h = host();
      const before = await h.fingerprint();
      await h.push({
        ...(await h.service('alpha', '2')),
        // As Windows and Latin-1 write it.
        'CHANGELOG.md': Buffer.from(NEW, 'latin1') as unknown as string,
        'packages/alpha/CHANGES.md': '## Unreleased\n- faster\n',
      });
      for (const [verb, args] of [
        ['check', []],
        ['run', ['N-1', '--dry-run']],
        ['run', ['N-1']],
      ] as const) {
        const refused = await h.run(verb, args);
        expect(refused.text).toContain('An entry of the changelog says that this release removes or breaks something');
        expect(refused.text).toContain('CHANGELOG.md, 2.0.0 - 2026-02-01, Removed: The v1 API');
        expect(refused.text).toContain('packages/alpha/CHANGES.md, Unreleased');
        expect(refused.text).toContain('\\u{1b}[31mred');
        expect(refused.text).toContain('packages/alpha/CHANGES.md is new: all that it says counts as new');
        expect(refused.text).not.toContain('v0 API');
        expect(refused.code).toBe(4);
        const json = await h.run(verb, [...args, '--json']);
        expect(json.code).toBe(4);
        expect(JSON.parse(json.stdout)).toMatchObject({
          event: 'error',
          details: ['CHANGELOG.md, 2.0.0 - 2026-02-01, Removed: The v1 API'],
        });
      }
      expect(await h.fingerprint()).toEqual(before);

      const looked = await h.run('check', ['--ack-breaking', '--json']);
      expect(looked.code).toBe(0);
      expect((JSON.parse(looked.stdout) as { notes: unknown }).notes).toMatchObject({
        entries: [{ kind: 'Added' }, { kind: 'Removed', breaking: true }, { text: 'faster' }],
        left: 0,
      });
      const done = await h.run('run', ['N-1', '--ack-breaking', '--reason=told everybody']);
      expect(done.text).toContain('Released N-1');
      expect(done.code).toBe(0);
      expect(h.log('N-1').find((each) => each.event === 'breaking-acknowledged')).toMatchObject({
        phase: 'prepare',
        fields: {
          by: expect.stringMatching(/./),
          count: '1',
          lines: 'CHANGELOG.md, 2.0.0 - 2026-02-01, Removed: The v1 API',
          reason: 'told everybody',
        },
      });
    });

    test('what was there is not asked about again: a version that gets its name, a file that goes', async () => {
      const h = host();
      await h.push({ ...(await h.service('alpha', '3')), 'packages/alpha/CHANGES.md': '## 1.0.0\n\n* faster\n' });
      const moved = await h.run('run', ['N-2']);
      expect(moved.text).not.toContain('Release notes');
      expect(moved.code).toBe(0);
      await h.git(h.dev, 'rm', '--quiet', 'CHANGELOG.md');
      await h.push(await h.service('alpha', '4'));
      const gone = await h.run('run', ['N-3']);
      expect(gone.text).toContain('CHANGELOG.md is gone at the target');
      expect(gone.code).toBe(0);
    });

    test('a huge changelog is read as far as its beginning', async () => {
      const h = host();
      const lines = Array.from({ length: 60_000 }, (_, n) => `- old entry number ${n}, and what it says`).join('\n');
      await h.push({ ...(await h.service('alpha', '5')), 'CHANGELOG.md': `## 1.0.0\n${lines}\n` });
      expect((await h.run('run', ['N-4'])).code).toBe(0);
      const more = `## 2.0.0\n### Removed\n- all of it\n\n## 1.0.0\n${lines}\n`;
      await h.push({ ...(await h.service('alpha', '6')), 'CHANGELOG.md': more });
      const refused = await h.run('run', ['N-5']);
      expect(refused.text).toContain('larger than 1 MiB');
      expect(refused.text).toContain('CHANGELOG.md, 2.0.0, Removed: all of it');
      expect(refused.text).not.toContain('old entry');
      expect(refused.code).toBe(4);
      expect((await h.run('run', ['N-5', '--ack-breaking'])).code).toBe(0);
    });
  },
  ['pm2'],
);
