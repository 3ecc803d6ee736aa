// A program of the engine as one script with everything in it, compiled beforehand: Bun starts it in half the time.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refused } from '../model/error.ts';
import { readerHash } from './engine-files.ts';

/** Large, and not needed by every run: each is a script of its own beside the program, read when it is first asked for. */
const APART = { undici: 'undici/index.js', yaml: 'yaml' };

/**
 * By file name: the program, what is apart, and beside each script, with `.jsc` after its name, what was compiled of it. Only the Bun
 * that made that uses it; any other compiles the script.
 */
export type Bundle = ReadonlyMap<string, Uint8Array>;

/**
 * @param engine its top folder. @param module from there; its `main` gets the first word and the rest, and returns the exit code.
 * Neither it nor what it imports may await at the top level. @param temp a folder of ours, where nothing is left.
 * @param name of the program's script.
 * @throws refused where it does not build.
 */
export async function bundle(engine: string, module: string, temp: string, name: string): Promise<Bundle> {
  // An end before its time is no success.
  const program = `import { main } from ${JSON.stringify(join(engine, module))};
const [word = '', ...rest] = process.argv.slice(2);
process.exitCode = 1;
void main(word, rest).then((code) => process.exit(code));
`;
  const apart = new Map<string, Promise<Built>>();
  const asked = (part: string, path: string): void => {
    if (apart.has(part)) return;
    const building = build({ engine, temp, name: `${part}.js`, source: onlyThat(engine, path) });
    // Awaited below, where the program itself was built.
    building.catch(() => undefined);
    apart.set(part, building);
  };
  const own = await build({ engine, temp, name, source: program, asked });
  return new Map([...own, ...(await Promise.all(apart.values())).flat()]);
}

const onlyThat = (engine: string, path: string): string =>
  `export * from ${JSON.stringify(Bun.resolveSync(path, engine))};\n`;

type Built = Array<[file: string, content: Uint8Array]>;

interface Wanted {
  engine: string;
  temp: string;
  name: string;
  source: string;
  /** Hears what is left apart; without it, nothing is. */
  asked?: (part: string, path: string) => void;
}

async function build({ engine, temp, name, source, asked }: Wanted): Promise<Built> {
  const entry = join(temp, `${name}.ts`);
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
    plugins: asked === undefined ? [] : [leavesApart(asked)],
    throw: false,
  });
  rmSync(entry);
  const bytes = async (kind: string) => {
    const output = built.outputs.find((one) => one.kind === kind);
    return output === undefined ? undefined : new Uint8Array(await output.arrayBuffer());
  };
  const [script, compiled] = [await bytes('entry-point'), await bytes('bytecode')];
  if (built.success && script !== undefined && compiled !== undefined)
    return [
      [name, script],
      [`${name}.jsc`, compiled],
    ];
  throw refused({
    what: 'the engine cannot be frozen',
    where: engine,
    details: built.logs.map(String),
    hint: `Run ${join(engine, 'bootstrap')}`,
  });
}

const leavesApart = (asked: NonNullable<Wanted['asked']>): Bun.BunPlugin => ({
  name: 'apart',
  setup({ onResolve }) {
    for (const [part, path] of Object.entries(APART)) {
      onResolve({ filter: new RegExp(`^${RegExp.escape(path)}$`) }, () => {
        asked(part, path);
        return { path: `./${part}.js`, external: true };
      });
    }
  },
});
