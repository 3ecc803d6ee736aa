// `bun scripts/dev/proof.ts SPEC.json --save FILE` writes down what a host is; `--against FILE` compares with that, and exits 1 where it differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { differences, notTheRevert, type Proof, table } from './proof/compare.ts';
import { type ProofSpec, takeProof } from './proof/proof.ts';

interface Saved {
  head: string;
  proof: Proof;
}

const [specFile = '', how = '', file = ''] = process.argv.slice(2);
if (file === '' || !['--save', '--against'].includes(how)) {
  console.error('Usage: bun scripts/dev/proof.ts SPEC.json --save|--against FILE');
  process.exit(2);
}
const spec = JSON.parse(readFileSync(specFile, 'utf8')) as ProofSpec;

function git(...words: string[]): string {
  const done = Bun.spawnSync(['git', ...words], { cwd: spec.root, env: spec.env, stdin: 'ignore' });
  if (done.exitCode !== 0) throw new Error(`git ${words[0]} exited ${done.exitCode}: ${done.stderr}`);
  return done.stdout.toString().trim();
}

const now: Saved = { head: git('rev-parse', 'HEAD'), proof: await takeProof(spec) };
if (how === '--save') {
  writeFileSync(file, JSON.stringify(now), { mode: 0o600 });
  console.log(`${Object.keys(now.proof).length} sections written down: ${Object.keys(now.proof).join(', ')}`);
} else {
  const then = JSON.parse(readFileSync(file, 'utf8')) as Saved;
  const odd = notTheRevert(git('log', '--format=%H%x00%P%x00%B%x01', `${then.head}..HEAD`));
  const found = [...differences(then.proof, now.proof), ...(odd === undefined ? [] : [odd])];
  for (const line of table(then.proof, now.proof)) console.log(line);
  if (then.head !== now.head) console.log(`commit: ${git('log', '-1', '--format=%h %s')}`);
  for (const line of found) console.log(line);
  const commit = then.head === now.head ? '' : ', except the revert commit';
  console.log(found.length === 0 ? `No difference${commit}.` : 'It is not as it was.');
  process.exit(found.length === 0 ? 0 : 1);
}
