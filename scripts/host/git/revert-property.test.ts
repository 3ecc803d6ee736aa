import { expect, test } from 'bun:test';
import { join } from 'node:path';
import fc from 'fast-check';
import { tryRevert } from './revert.ts';
import { goBack, goOn } from './revert-back.ts';
import { isReverted } from './revert-landed.ts';
import { pushRevert } from './revert-push.ts';
import { openSandbox } from './sandbox.ts';

type Tree = ReadonlyMap<string, string>;
/** What a commit does: path -> content; undefined removes. */
type Edit = ReadonlyArray<readonly [path: string, content: string | undefined]>;
type Shape = { kind: 'forward' | 'squash' | 'merge' | 'nested' | 'octopus'; edits: readonly Edit[] };

const FIRST: Tree = new Map(Array.from({ length: 8 }, (_, at) => [`f${at}/x`, `first ${at}\n`.repeat(12)]));

const edit = (paths: readonly string[]): fc.Arbitrary<Edit> =>
  fc.array(
    fc.tuple(fc.constantFrom(...paths), fc.option(fc.constantFrom('one\n', 'two\n', 'three\n'), { nil: undefined })),
    { minLength: 1, maxLength: 3 },
  );
const released = ['f0/x', 'f1/x', 'f2/x', 'f3/x', 'f1', 'new/a', 'new/b', 'f9/x'];
const shape: fc.Arbitrary<Shape> = fc.record({
  kind: fc.constantFrom('forward', 'squash', 'merge', 'nested', 'octopus'),
  edits: fc.array(edit(released), { minLength: 3, maxLength: 3 }),
});

const applied = (tree: Tree, changes: Edit): Tree => {
  const next = new Map(tree);
  for (const [path, content] of changes) {
    next.delete(path);
    if (content === undefined) continue;
    // A file where a folder was, and the reverse.
    for (const other of [...next.keys()])
      if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) next.delete(other);
    next.set(path, content);
  }
  return next;
};

/** Writes `git fast-import`: every commit holds its whole tree. */
function story() {
  const lines: string[] = [];
  let marks = 0;
  const commit = (tree: Tree, parents: readonly number[]): number => {
    marks += 1;
    const [from, ...merged] = parents;
    lines.push('commit refs/heads/work', `mark :${marks}`, `committer Sandbox <s@example.org> ${marks} +0000`);
    lines.push(`data ${`commit ${marks}`.length}`, `commit ${marks}`);
    if (from !== undefined) lines.push(`from :${from}`);
    for (const other of merged) lines.push(`merge :${other}`);
    lines.push('deleteall');
    for (const [path, content] of tree) lines.push(`M 100644 inline ${path}`, `data ${content.length}`, content);
    return marks;
  };
  return { commit, text: () => `${lines.join('\n')}\n` };
}

/** Puts the shape upon the tip. A merge holds what its branches did, the last one winning. */
function add(told: ReturnType<typeof story>, tip: { mark: number; tree: Tree }, { kind, edits }: Shape) {
  const { mark, tree } = tip;
  const whole = edits.reduce(applied, tree);
  const line = (from: number, start: Tree, some: readonly Edit[]) =>
    some.reduce(
      (at, changes) => {
        const next = applied(at.tree, changes);
        return { mark: told.commit(next, [at.mark]), tree: next };
      },
      { mark: from, tree: start },
    );
  if (kind === 'forward') return line(mark, tree, edits);
  if (kind === 'squash') return { mark: told.commit(whole, [mark]), tree: whole };
  if (kind === 'merge') return { mark: told.commit(whole, [mark, line(mark, tree, edits).mark]), tree: whole };
  const branches = edits.map((changes) => line(mark, tree, [changes]).mark);
  if (kind === 'octopus') return { mark: told.commit(whole, [mark, ...branches]), tree: whole };
  const [first = mark, second = mark, third = mark] = branches;
  const inner = told.commit(edits.slice(0, 2).reduce(applied, tree), [first, second]);
  const outer = told.commit(whole, [third, inner]);
  return { mark: told.commit(whole, [mark, outer]), tree: whole };
}

test('random histories: what was touched is as at BASE, newer commits stay, and the next pull fast-forwards', async () => {
  const shapes = fc.array(shape, { minLength: 1, maxLength: 3 });
  const newer = fc.array(edit(['f5/x', 'f6/x', 'later/a']), { maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(shapes, newer, async (release, later) => {
      const box = openSandbox();
      try {
        const told = story();
        const base = { mark: told.commit(FIRST, []), tree: FIRST };
        const merged = release.reduce((tip, one) => add(told, tip, one), base);
        const tip = later.reduce((at, changes) => add(told, at, { kind: 'forward', edits: [changes] }), merged);
        const import_ = Bun.spawnSync(['git', 'fast-import', '--quiet', `--export-marks=${box.folder}/marks`], {
          cwd: box.origin,
          stdin: Buffer.from(told.text()),
        });
        expect(import_.exitCode).toBe(0);
        const marks = new Map(
          (await Bun.file(`${box.folder}/marks`).text()).split('\n').map((line) => {
            const [mark = '', sha = ''] = line.split(' ');
            return [mark, sha];
          }),
        );
        const sha = ({ mark }: { mark: number }) => marks.get(`:${mark}`) ?? '';
        const [baseSha, mergeSha] = [sha(base), sha(merged)];
        box.git(box.root, 'fetch', '--quiet', 'origin', 'work');
        box.git(box.root, 'checkout', '--quiet', '-b', 'work', mergeSha);
        const treeOf = (ref: string) =>
          new Map(
            box
              .git(box.root, 'ls-tree', '-r', ref)
              .split('\n')
              .filter(Boolean)
              .map((line) => [line.split('\t')[1] ?? '', line.split(/[ \t]/)[2] ?? '']),
          );

        const spec = { baseSha, mergeSha, branch: 'work', folder: join(box.folder, 'aside') };
        const made = await tryRevert(box.repo, spec);
        expect(made.conflicts).toEqual([]);
        const rest = new Map([...treeOf(baseSha)].filter(([path]) => !/^(?:f5|f6|later)\//.test(path)));
        const kept = new Map([...treeOf(sha(tip))].filter(([path]) => /^(?:f5|f6|later)\//.test(path)));
        const push = { ...spec, ...made, ticket: 'T', expectedOrigin: made.originSha, mode: 'main' as const };
        const pushed = await pushRevert(box.repo, push);
        if (pushed.kind !== 'pushed') throw new Error(`not pushed: ${JSON.stringify(pushed)}`);
        expect(treeOf(pushed.originSha)).toEqual(new Map([...rest, ...kept].sort(([a], [b]) => (a < b ? -1 : 1))));
        expect(await isReverted(box.repo, { baseSha, mergeSha, originSha: pushed.originSha })).toBe(true);

        const back = { from: mergeSha, to: baseSha, branch: 'work' };
        await goBack(box.repo, back);
        expect(box.git(box.root, 'rev-parse', 'HEAD')).toBe(baseSha);
        const on = await goOn(box.repo, { from: baseSha, to: pushed.originSha, branch: 'work' });
        const same = box.git(box.root, 'rev-parse', `${baseSha}^{tree}`, `${pushed.originSha}^{tree}`).split('\n');
        expect(on).toBe(same[0] === same[1] ? 'there' : 'newer');
        box.git(box.root, 'merge', '--quiet', '--ff-only', 'refs/remotes/origin/work');
        expect(box.git(box.root, 'rev-parse', 'HEAD')).toBe(pushed.originSha);
        expect(box.git(box.root, 'status', '--porcelain')).toBe('');
      } finally {
        box.close();
      }
    }),
    { numRuns: 3, endOnFailure: true },
  );
});
