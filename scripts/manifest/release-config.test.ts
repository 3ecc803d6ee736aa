import { expect, test } from 'bun:test';
import { ReleaseError } from '../model/error.ts';
import { parseReleaseConfig } from './release-config.ts';

const DEFAULTS = {
  branch: 'main',
  concurrency: 4,
  onFailure: 'halt' as const,
  shared: {},
  ignore: ['docs/**', '*.md'],
  changelog: ['CHANGELOG.md'],
  revert: { push: 'main' as const, maxLossMs: 3_600_000 },
  backup: { dir: '.asd/workspace/backups', pauseMaxMs: 10_000, helperImage: '' },
  confirm: { withinMs: undefined, capMs: 1_800_000, watch: 'notice' as const },
  afterConfirm: [],
};

test.each([undefined, '', '# nothing yet\n\n', 'revert:\nbackup: {}\n'])('%j gives the defaults', (text) => {
  expect(parseReleaseConfig(text)).toEqual({ config: DEFAULTS, notices: [] });
});

test('every key is read', () => {
  const text = `branch: release/2
concurrency: 8
on_failure: revert
shared: { 'shared/**': all, 'proxy/**': [caddy, mail] }
ignore: []
changelog: ['packages/*/CHANGES.md']
revert: { push: none, max_loss: 10m }
backup: { dir: /var/backups/belay, pause_max: 500ms, helper_image: 'alpine:3' }
confirm: { within: 10m, cap: 20m, watch: revert }
after_confirm: [[notify, 'it is final']]
`;
  expect(parseReleaseConfig(text).config).toEqual({
    branch: 'release/2',
    concurrency: 8,
    onFailure: 'revert',
    shared: { 'shared/**': 'all', 'proxy/**': ['caddy', 'mail'] },
    ignore: [],
    changelog: ['packages/*/CHANGES.md'],
    revert: { push: 'none', maxLossMs: 600_000 },
    backup: { dir: '/var/backups/belay', pauseMaxMs: 500, helperImage: 'alpine:3' },
    confirm: { withinMs: 600_000, capMs: 1_200_000, watch: 'revert' },
    afterConfirm: [['notify', 'it is final']],
  });
});

test('a second home has its defaults, and what it must have', () => {
  const read = (restic: string) => parseReleaseConfig(`backup: { restic: ${restic} }\n`).config.backup.restic;
  expect(read('{ repository: /mnt/b, password_file: .asd/workspace/p }')).toEqual({
    repository: '/mnt/b',
    passwordFile: '.asd/workspace/p',
    onFailure: 'warn',
    timeoutMs: 1_800_000,
  });
  const more = "{ repository: 'sftp:box:/b', password_file: /etc/p, on_failure: refuse, timeout: 5m }";
  expect(read(more)).toMatchObject({ repository: 'sftp:box:/b', onFailure: 'refuse', timeoutMs: 300_000 });
  for (const [restic, said] of [
    ['{ repository: /mnt/b }', 'backup.restic.password_file'],
    ['{ repository: mnt/b, password_file: p }', 'must be an absolute path, or as sftp:'],
    ["{ repository: 'rest:https://me:secret@box/', password_file: p }", 'must hold no password'],
    ['{ repository: /mnt/../b, password_file: p }', 'must be an absolute path'],
  ] as const) {
    const details = caught(() => read(restic));
    expect(details).toContain(said);
    expect(details).not.toContain('secret');
  }
});

/** The details of the refusal, as text. */
function caught(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ReleaseError) return (error.facts.details ?? []).join('\n');
    throw error;
  }
  return 'it passed';
}

test('all problems at once, unknown keys among them', () => {
  let error: unknown;
  try {
    parseReleaseConfig(`brunch: main
branch: -x
concurrency: 0
shared: { '/etc': all, 'a/**': some, b: [C] }
ignore: docs
backup: { dir: ../x, pause: 1s }
`);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ReleaseError);
  expect((error as ReleaseError).facts.details).toEqual([
    '.asd/release.yaml:1:1: brunch: is not a key of this section (did you mean "branch"?)',
    '.asd/release.yaml:2:9: branch: is "-x": is not a branch name that can be released',
    '.asd/release.yaml:3:14: concurrency: is 0: must be a whole number from 1 to 64',
    '.asd/release.yaml:4:11: shared["/etc"]: is "/etc": must begin with a folder, a file or *',
    '.asd/release.yaml:4:32: shared["a/**"]: must be all, or a list of services',
    '.asd/release.yaml:4:41: shared.b: has an entry that is "C": must be lower case letters, digits, underscore or dash, as the folder in packages/',
    '.asd/release.yaml:5:9: ignore: is "docs": must be a list of globs',
    '.asd/release.yaml:6:16: backup.dir: is "../x": must not contain ..',
    '.asd/release.yaml:6:22: backup.pause: is not a key of this section (did you mean "pause_max"?)',
  ]);
});

test('a window that is longer than its cap is refused, and without a cap it is its own', () => {
  expect(() => parseReleaseConfig('confirm: { within: 2h, cap: 1h }\n')).toThrow('release.yaml');
  expect(parseReleaseConfig('confirm: { within: 2h }\n').config.confirm.capMs).toBe(7_200_000);
});

test('webhooks have their defaults, and one address each', () => {
  const read = (notify: string) => parseReleaseConfig(`notify: ${notify}\n`).config.notify;
  expect(read('[]')).toBeUndefined();
  const [first, second] = read("[{ url_env: OPS }, { url: 'https://h/x?y', format: slack, events: [halted] }]") ?? [];
  expect(first).toMatchObject({ name: 'OPS', url: { env: 'OPS' }, format: 'json' });
  expect(first?.notices).toContain('in-doubt');
  expect(first?.notices).not.toContain('started');
  expect(second).toEqual({ name: 'notify-2', url: 'https://h/x?y', format: 'slack', notices: ['halted'] });
  for (const [notify, said] of [
    ['[{}]', 'needs url_env'],
    ["[{ url_env: A, url: 'https://h' }]", 'not both'],
    ["[{ url: 'h:80' }]", 'begins with https://'],
    ['[{ url_env: A, events: [halt] }]', 'is "halt": must be started, halted,'],
    ['[{ url_env: A, events: [] }]', 'such as [halted, reverted]'],
    ['{ url_env: A }', 'must be a list of webhooks'],
  ] as const) {
    const refusal = (() => {
      try {
        return read(notify);
      } catch (error) {
        return (error as ReleaseError).facts.details?.join('\n');
      }
    })();
    expect(refusal).toContain(said);
  }
});
