// Snapshots and a second home in a whole release: the plan says what is copied, each backup leaves the host, and a revert brings everything back.
import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lacks } from '../../scripts/backups/lacks.ts';
import { seed, stateOf, use, withData } from './harness/proof.ts';
import { onBoth, RUNTIMES } from './harness/runtimes.ts';

const without = lacks('rsync') || lacks('restic');
const away = mkdtempSync(join(tmpdir(), 'belay-away-'));
afterAll(() => rmSync(away, { recursive: true, force: true }));

const options = (runtime: string) => {
  const { manifest } = withData(runtime, 'alpha');
  const backup = { ...(manifest?.backup as object), method: 'incremental' };
  const restic = { repository: join(away, runtime), password_file: '.asd/workspace/restic.password' };
  return {
    services: { alpha: { manifest: { ...manifest, backup } } },
    config: { backup: { restic: { ...restic, on_failure: 'refuse' } } },
  };
};

onBoth(
  'incremental',
  options,
  (host, runtime) => {
    test('the second backup shares with the first, is copied away, and is what a revert restores from', async () => {
      const h = host();
      const repository = join(away, runtime);
      const password = join(h.prod, '.asd/workspace/restic.password');
      await seed(h, 'alpha');
      const before = await stateOf(h, ['alpha']);
      const next = await h.service('alpha', '2');
      const target = await h.push(next, 'I-1');
      mkdirSync(join(password, '..'), { recursive: true });
      writeFileSync(password, 'a password\n', { mode: 0o644 });
      const fingerprint = await h.fingerprint();
      const refused = await h.run('run', ['I-1']);
      expect(refused.text).toContain('others may read or own the password file');
      expect(refused.code).toBe(4);
      expect(await h.fingerprint()).toEqual(fingerprint);

      rmSync(password);
      writeFileSync(password, 'a password\n', { mode: 0o600 });
      const env = { PATH: process.env.PATH ?? '', RESTIC_REPOSITORY: repository, RESTIC_PASSWORD_FILE: password };
      const made = Bun.spawnSync(['restic', 'init', '--quiet', '--no-cache'], { env });
      expect(made.stderr.toString()).toBe('');
      const first = await h.run('backup', ['alpha']);
      expect(first.text).toContain(`copied to ${repository}, snapshot`);
      expect(first.code).toBe(0);

      const plan = await h.run('check');
      expect(plan.text).toMatch(/\(incremental, 0 B to copy\)/);
      const done = await h.run('run', ['I-1']);
      expect(done.text).toContain('Released I-1');
      expect(done.code).toBe(0);
      const receipt = JSON.parse(readFileSync(join(h.prod, '.asd/workspace/releases/I-1.receipt.json'), 'utf8'));
      const { stamp, away: copy } = receipt.services.alpha.backup;
      expect(copy).toMatchObject({ repository, snapshot: expect.stringMatching(/^[0-9a-f]{64}$/) });
      const listed = (await h.run('backups', ['--json'])).text
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line));
      expect(listed.map((each) => each.away?.repository)).toEqual([repository, repository]);
      const record = JSON.parse(readFileSync(join(listed[0].dir, 'backup.json'), 'utf8'));
      const [file] = record.items.find(
        (each: { item: { method?: string } }) => each.item.method === 'incremental',
      ).files;
      expect(file.facts).toMatchObject({ basis: listed[1].stamp, copiedBytes: 0 });
      expect(listed[0].stamp).toBe(stamp);

      await use(h, 'alpha');
      const reverted = await h.run('revert', ['I-1']);
      expect(reverted.text).toContain('Reverted I-1');
      expect(reverted.code).toBe(0);
      expect(await stateOf(h, ['alpha'])).toEqual(before);
      expect(h.state('I-1')).toMatchObject({ RELEASE_STATUS: 'reverted', MERGE_SHA: target });
      const verified = await h.run('backup-verify', ['alpha', '--all']);
      expect(verified.text).toContain('3 backups read back, all well.');

      // What a revert saves first does not wait for the repository; it is sent when somebody asks.
      const sent = await h.run('backup', ['--away']);
      expect(sent.text).toContain(`1 copied to ${repository}.`);
      expect(readdirSync(join(repository, 'snapshots')).length).toBe(3);
      rmSync(join(repository, 'config'));
      const gone = await h.run('backup', ['alpha']);
      expect(gone.text).toContain('there is no restic repository in');
      expect(gone.code).toBe(4);
    });
  },
  without ? [] : RUNTIMES,
);
