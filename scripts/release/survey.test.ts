import { expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { caught, type FileChanges, openSandbox, type Sandbox } from '../host/git/sandbox.ts';
import { hostPaths } from '../host/paths.ts';
import { parseReleaseConfig } from '../manifest/release-config.ts';
import type { Context } from './context.ts';
import { DEPLOYED_REF } from './deployed-ref.ts';
import { readManifests } from './manifests.ts';
import { type SurveyOptions, survey } from './survey.ts';

const manifest = (name: string, more = '') =>
  `name: ${name}\nruntime: pm2\ninstallation: { status: installed }\n${more}`;
const FIRST: FileChanges = {
  'packages/a/manifest.yaml': manifest('a'),
  'packages/b/manifest.yaml': manifest('b'),
};

async function withHost(
  use: (s: Sandbox, look: (more?: Partial<SurveyOptions>) => ReturnType<typeof survey>) => Promise<void>,
  first = FIRST,
) {
  const sandbox = openSandbox(first);
  const { host, root, repo } = sandbox;
  const { config } = parseReleaseConfig(undefined, '.asd/release.yaml');
  const context = {
    host,
    repo,
    config,
    notices: [],
    env: {},
    paths: hostPaths(root, root, config.backup.dir),
  } as unknown as Context;
  const look = (more: Partial<SurveyOptions> = {}) =>
    survey(context, { branch: undefined, allowNonMain: false, anyCheckout: false, asked: false, repo, ...more });
  try {
    await use(sandbox, look);
  } finally {
    sandbox.close();
  }
}
const deploy = ({ git, root }: Sandbox, commit: string) => git(root, 'update-ref', DEPLOYED_REF, commit);

test('from what is deployed to what origin has, whatever an operator pulled in between', async () => {
  await withHost(async (s, look) => {
    const base = s.git(s.root, 'rev-parse', 'HEAD');
    deploy(s, base);
    const pulled = s.push({ 'packages/a/x': '1' });
    s.git(s.root, 'pull', '--quiet');
    const target = s.push({ 'packages/b/y': '1' });
    const found = await look();
    expect(found).toMatchObject({ headSha: pulled, baseSha: base, targetSha: target, branch: 'main' });
    expect(found.changes.map(({ path }) => path)).toEqual(['packages/a/x', 'packages/b/y']);
    expect(found.notices).toEqual([expect.stringContaining('moved by hand')]);
  });
});

test('a host without a baseline is told that it has none', async () => {
  await withHost(async (s, look) => {
    s.push({ x: '1' });
    expect((await look()).notices).toEqual([expect.stringContaining('Nothing is marked as deployed yet')]);
  });
});

test('nothing to release: the target is deployed, or contained in what is; asked-for services are released all the same', async () => {
  await withHost(async (s, look) => {
    const head = s.git(s.root, 'rev-parse', 'HEAD');
    deploy(s, head);
    const same = await caught(look());
    expect([same.exitCode, same.facts.what]).toEqual([
      5,
      `Nothing to release: ${head.slice(0, 12)} is deployed already`,
    ]);
    expect((await look({ asked: true })).changes).toEqual([]);
    deploy(s, s.git(s.root, 'commit-tree', `${head}^{tree}`, '-p', head, '-m', 'later'));
    expect((await caught(look())).facts.what).toContain('which is deployed, contains');
  });
});

test('another branch than the configured one needs the flag, and is the one that is checked out', async () => {
  await withHost(async (s, look) => {
    s.git(s.origin, 'branch', 'hotfix');
    s.git(s.root, 'switch', '--quiet', '--create', 'hotfix');
    s.git(s.origin, 'switch', '--quiet', 'hotfix');
    const target = s.push({ x: '1' });
    expect((await caught(look())).facts.what).toBe('The checkout is on branch hotfix, not on main');
    expect((await caught(look({ branch: 'hotfix' }))).facts.what).toContain('not the branch that this host releases');
    for (const branch of [undefined, 'hotfix'])
      expect(await look({ branch, allowNonMain: true })).toMatchObject({ branch: 'hotfix', targetSha: target });
    const other = await caught(look({ branch: 'main', allowNonMain: true }));
    expect(other.facts.what).toBe('The checkout is on branch hotfix, not on main');
    expect(await look({ branch: 'main', allowNonMain: true, anyCheckout: true, asked: true })).toMatchObject({
      branch: 'main',
    });
  });
});

test('what git does differently in this repository is said', async () => {
  const first = { ...FIRST, '.gitattributes': '*.bin filter=lfs\n', '.gitmodules': '' };
  await withHost(async (s, look) => {
    s.push({ x: '1' });
    const { notices } = await look();
    expect(notices.join('\n')).toMatch(/git-lfs.*\n.*submodules/);
  }, first);
});

test('everything that stands in the way is told before origin is asked', async () => {
  await withHost(async (s, look) => {
    s.git(s.root, 'remote', 'set-url', 'origin', join(s.folder, 'gone'));
    writeFileSync(join(s.root, 'packages/a/manifest.yaml'), 'changed\n');
    expect((await caught(look())).facts.details).toEqual(['.M packages/a/manifest.yaml']);
  });
});

test('manifests of both ends: problems of the target are refused, those of what is deployed or not concerned are passed over', async () => {
  await withHost(async (s) => {
    const base = s.push({ 'packages/b/manifest.yaml': manifest('b', 'priority: high\n') });
    const target = s.push({
      'packages/a/manifest.yaml': manifest('a', 'runtme: x\nhealth: { endpont: /x }\n'),
      'packages/c/manifest.yaml': manifest('c').replace('installed', 'inactive'),
    });
    const read = await readManifests({ host: s.host, root: s.origin }, base, target, {});
    expect([...read.ends].map(([name, { before, after }]) => [name, before?.installed, after?.installed])).toEqual([
      ['a', true, true],
      ['b', true, true],
      ['c', undefined, false],
    ]);
    expect(read.parse(['a'], 'after')).rejects.toThrow('packages/a/manifest.yaml has');
    expect([...(await read.parse(['b', 'c'], 'before')).manifests.keys()]).toEqual(['b']);
    expect([...(await read.readable(['b', 'c', 'nobody'])).keys()]).toEqual(['b']);
    expect([...read.claims().keys()].toSorted()).toEqual(['a', 'b']);
  });
});
