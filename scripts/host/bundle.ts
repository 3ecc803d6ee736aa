// A program of the engine as one script with everything in it, compiled beforehand: Bun starts it in half the time.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refused } from '../model/error.ts';
import { readerHash } from './engine-files.ts';

export interface Bundle {
  script: Uint8Array;
  /** Goes beside the script, with `.jsc` after its name. Only the Bun that made it uses it; any other compiles the script. */
  compiled: Uint8Array;
}

/**
 * @param engine its top folder. @param module from there; its `main` gets the first word and the rest, and returns the exit code.
 * Neither it nor what it imports may await at the top level. @param temp a folder of ours, where nothing is left.
 * @throws refused where it does not build.
 */
export async function bundle(engine: string, module: string, temp: string): Promise<Bundle> {
  const entry = join(temp, 'entry.ts');
  // An end before its time is no success.
  const source = `import { main } from ${JSON.stringify(join(engine, module))};
const [word = '', ...rest] = process.argv.slice(2);
process.exitCode = 1;
void main(word, rest).then((code) => process.exit(code));
`;
  writeFileSync(entry, source, { mode: 0o600, flag: 'wx' });
  const built = await Bun.build({
    entrypoints: [entry],
    root: engine,
    target: 'bun',
    format: 'cjs',
    bytecode: true,
    minify: { whitespace: true },
    sourcemap: 'none',
    define: { BUNDLED_READER: JSON.stringify(readerHash(engine)) },
    // A tsconfig.json of the host's repository, which the entry lies in, would send our imports elsewhere.
    tsconfig: '/dev/null',
    throw: false,
  });
  rmSync(entry);
  const bytes = async (kind: string) => {
    const output = built.outputs.find((one) => one.kind === kind);
    return output === undefined ? undefined : new Uint8Array(await output.arrayBuffer());
  };
  const [script, compiled] = [await bytes('entry-point'), await bytes('bytecode')];
  if (built.success && script !== undefined && compiled !== undefined) return { script, compiled };
  throw refused({
    what: 'the engine cannot be frozen',
    where: engine,
    details: built.logs.map(String),
    hint: `Run ${join(engine, 'bootstrap')}`,
  });
}
