// A hotfix that main got as a squash: what is deployed is no ancestor of what comes next, and the tree difference says what changed.
import { expect, test } from 'bun:test';
import type { ScenarioHost } from './harness/host.ts';
import { until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

/** Commits on a branch of dev's own, and back to main. */
async function onBranch(h: ScenarioHost, branch: string, versions: readonly string[]): Promise<string> {
  await h.git(h.dev, 'checkout', '--quiet', '-b', branch);
  let sha = '';
  for (const version of versions) sha = await h.push(await h.service('alpha', version), `alpha ${version}`, branch);
  await h.git(h.dev, 'checkout', '--quiet', 'main');
  return sha;
}

/** main gets the branch as one commit of its own. */
async function squash(h: ScenarioHost, branch: string): Promise<string> {
  await h.git(h.dev, 'merge', '--quiet', '--squash', branch);
  return await h.push({}, `squash of ${branch}`);
}

const isAncestor = async (h: ScenarioHost, one: string, other: string): Promise<boolean> =>
  (await h.git(h.prod, 'merge-base', one, other)) === one;

onBoth('squashed hotfix', { services: { alpha: {}, beta: {} } }, (host) => {
  test('released from its branch, then main with its squash and a change of another service', async () => {
    const h = host();
    const base = await h.head();
    const hotfix = await onBranch(h, 'hotfix/one', ['2-almost', '2']);
    const refused = await h.run('run', ['FIX-1', 'hotfix/one']);
    expect(refused.code).toBe(4);
    expect(refused.text).toContain('--force-allow-non-main');
    await h.git(h.prod, 'switch', '--quiet', '--create', 'hotfix/one');
    const fixed = await h.run('run', ['FIX-1', 'hotfix/one', '--force-allow-non-main']);
    expect(fixed.text).toContain('Released FIX-1');
    expect(fixed.code).toBe(0);
    expect(h.state('FIX-1')).toMatchObject({
      BRANCH: 'hotfix/one',
      BASE_SHA: base,
      MERGE_SHA: hotfix,
      SERVICES: 'alpha',
    });
    expect(await Promise.all([h.head(), h.deployed()])).toEqual([hotfix, hotfix]);

    await squash(h, 'hotfix/one');
    const target = await h.push(await h.service('beta', '2'));
    const elsewhere = await h.run('run', ['FIX-2']);
    expect(elsewhere.code).toBe(4);
    expect(elsewhere.text).toContain('git switch main');
    await h.git(h.prod, 'switch', '--quiet', 'main');
    const ids = await h.containerIds('alpha');
    const normal = await h.run('run', ['FIX-2']);
    expect(normal.text).toContain('Released FIX-2');
    expect(normal.code).toBe(0);
    expect(await isAncestor(h, hotfix, target)).toBe(false);
    expect(h.state('FIX-2')).toMatchObject({ BASE_SHA: hotfix, MERGE_SHA: target, SERVICES: 'beta' });
    expect(await h.containerIds('alpha')).toEqual(ids);
    expect(await Promise.all(['alpha', 'beta'].map(h.httpVersion))).toEqual(['2', '2']);
    expect(await Promise.all([h.head(), h.deployed()])).toEqual([target, target]);
  });

  test('the squash alone brings nothing that is not deployed', async () => {
    const h = host();
    const base = await h.head();
    await onBranch(h, 'hotfix/two', ['3']);
    await h.git(h.prod, 'fetch', '--quiet', 'origin');
    await h.git(h.prod, 'switch', '--quiet', 'hotfix/two');
    expect((await h.run('run', ['FIX-3', '--force-allow-non-main'])).code).toBe(0);
    expect(h.state('FIX-3')).toMatchObject({ BRANCH: 'hotfix/two', BASE_SHA: base, SERVICES: 'alpha' });
    const target = await squash(h, 'hotfix/two');
    await h.git(h.prod, 'switch', '--quiet', 'main');
    const before = await h.fingerprint();
    const nothing = await h.run('run', ['FIX-4']);
    expect(nothing.code).toBe(5);
    expect(nothing.text).toContain('--advance-only');
    expect(await h.fingerprint()).toEqual(before);
    const advanced = await h.run('run', ['FIX-4', '--advance-only']);
    expect(advanced.code).toBe(0);
    expect(await Promise.all([h.head(), h.deployed()])).toEqual([target, target]);
    expect((await h.fingerprint()).running).toBe(before.running ?? '');
  });

  test('deployed by hand, and adopted', async () => {
    const h = host();
    const base = await h.head();
    const hotfix = await onBranch(h, 'hotfix/three', ['4']);
    await h.git(h.prod, 'fetch', '--quiet', 'origin', 'hotfix/three');
    await h.git(h.prod, 'reset', '--quiet', '--keep', hotfix);
    await h.startByHand(['alpha']);
    await until('alpha 4 answers', async () => (await h.httpVersion('alpha')) === '4');
    const adopted = await h.run('adopt');
    expect(adopted.text).toContain(`${hotfix.slice(0, 12)} is the baseline`);
    expect(await h.deployed()).toBe(hotfix);

    await squash(h, 'hotfix/three');
    const target = await h.push(await h.service('beta', '4'));
    const diverged = await h.run('run', ['FIX-5']);
    expect(diverged.code).toBe(4);
    expect(diverged.text).toContain(`git reset --keep ${base}`);
    await h.git(h.prod, 'reset', '--quiet', '--keep', base);
    const normal = await h.run('run', ['FIX-5']);
    expect(normal.text).toContain('Released FIX-5');
    expect(normal.code).toBe(0);
    expect(h.state('FIX-5')).toMatchObject({ BASE_SHA: hotfix, MERGE_SHA: target, SERVICES: 'beta' });
    expect(await Promise.all(['alpha', 'beta'].map(h.httpVersion))).toEqual(['4', '4']);
  });
});
