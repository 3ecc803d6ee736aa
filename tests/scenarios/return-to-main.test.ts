// A hotfix that the engine checks out itself: main stays where it was, and is returned to once it has the fix.
import { expect, test } from 'bun:test';
import { onBoth } from './harness/runtimes.ts';

onBoth(
  'hotfix and back',
  { services: { alpha: {}, beta: {} } },
  (host) => {
    test('released from main, refused to return, merged, returned', async () => {
      const h = host();
      const base = await h.head();
      await h.git(h.dev, 'checkout', '--quiet', '-b', 'hotfix/x');
      const fix = await h.push(await h.service('alpha', '2'), 'fix alpha', 'hotfix/x');
      await h.git(h.dev, 'checkout', '--quiet', 'main');
      const ran = await h.run('run', ['FIX-1', 'hotfix/x', '--force-allow-non-main']);
      expect(ran.text).toContain('main stays at');
      expect(ran.code).toBe(0);
      expect(await h.httpVersion('alpha')).toBe('2');
      expect(await h.git(h.prod, 'symbolic-ref', '--short', 'HEAD')).toBe('hotfix/x');
      expect(await Promise.all([h.head(), h.deployed(), h.git(h.prod, 'rev-parse', 'main')])).toEqual([fix, fix, base]);

      const before = await h.fingerprint();
      const unmerged = await h.run('return-to-main');
      expect([unmerged.code, await h.fingerprint()]).toEqual([4, before]);
      expect(unmerged.text).toContain('hotfix/x is not in origin/main');
      const wrong = await h.run('run', ['NEXT-1']);
      expect(wrong.code).toBe(4);
      expect(wrong.text).toContain('just release-return-to-main');

      await h.git(h.dev, 'merge', '--quiet', '--squash', 'hotfix/x');
      await h.push({}, 'squash of hotfix/x');
      const main = await h.push(await h.service('beta', '2'));
      const returned = await h.run('return-to-main');
      expect(returned.text).toContain('not deployed yet: beta.');
      expect(returned.code).toBe(0);
      expect(await h.git(h.prod, 'symbolic-ref', '--short', 'HEAD')).toBe('main');
      expect(await Promise.all([h.head(), h.deployed()])).toEqual([main, fix]);
      expect((await h.fingerprint()).running).toBe(before.running ?? '');

      const next = await h.run('run', ['NEXT-1']);
      expect(next.code).toBe(0);
      expect(h.state('NEXT-1')).toMatchObject({ BASE_SHA: fix, MERGE_SHA: main, SERVICES: 'beta' });
    });
  },
  ['pm2'],
);
