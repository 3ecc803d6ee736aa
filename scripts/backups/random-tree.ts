// For tests: random folders with everything that a file system allows, and how such a one looks.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { array, boolean, constantFrom, integer, oneof, record, string, uint8Array } from 'fast-check';
import { attribute, setAttribute } from './odd-tree.ts';

const ATTRIBUTE = 'user.belay';

export function sh(script: string, ...words: Array<string | Buffer>): string {
  const text = words.map(String);
  const ran = Bun.spawnSync(['bash', '-c', `set -eu\n${script}`, 'bash', ...text], {
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
  });
  if (ran.exitCode !== 0) throw new Error(ran.stderr.toString());
  return ran.stdout.toString();
}

/** Everything but the times of folders. */
export const look = (path: string): string =>
  attributes(path) +
  sh(
    `cd -- "$1"; find . -type d -printf '%p|%m|%U|%G\\0' -o -printf '%p|%y|%m|%U|%G|%s|%T@|%l|%n\\0' | sort -z | tr '\\0\\n' '\\n?'
find . -type f -print0 | sort -z | xargs -0 -r sha256sum -z -- | tr '\\0' '\\n'`,
    path,
  );

/** Of what carries one. Bun's own recursive list fails at a link to itself. */
const attributes = (path: string): string =>
  sh(`cd -- "$1"; find . -mindepth 1 -printf '%P\\0'`, path)
    .split('\0')
    .filter(Boolean)
    .sort()
    .map((each) => `${each} ${attribute(join(path, each), ATTRIBUTE)}\n`)
    .filter((line) => !line.endsWith(' none\n'))
    .join('');

const name = oneof(
  constantFrom(
    'a',
    'b',
    '-rf',
    ' ',
    '*',
    '$(id)',
    'é',
    'a\nb',
    '"',
    "'",
    '\\',
    '.hidden',
    'x.asd-new-1',
    '%s',
    '\u202e',
  ),
  string({ minLength: 1, maxLength: 6 }).filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..'),
);
const entry = record({
  kind: constantFrom('file', 'folder', 'link', 'hard', 'sparse', 'pipe'),
  marked: boolean(),
  under: integer({ min: 0, max: 5 }),
  name,
  mode: constantFrom('0600', '0644', '0755', '4711', '0400', '1777', '2750'),
  content: uint8Array({ maxLength: 40 }),
  time: integer({ min: -1000, max: 2_000_000_000 }),
});

const MAKE: Record<string, string> = {
  file: 'cat > "$1"; chmod "$2" -- "$1"; touch -d "@$3.123456789" -- "$1"',
  folder: 'mkdir -- "$1"; chmod "$2" -- "$1"',
  link: 'ln -s -- "$(basename -- "$4")" "$1"; touch -h -d "@$3" -- "$1"',
  hard: 'ln -- "$4" "$1"',
  sparse:
    'truncate -s 3M -- "$1"; printf x | dd of="$1" bs=1 seek=1000000 conv=notrunc status=none; touch -d "@$3" -- "$1"',
  pipe: 'mkfifo -- "$1"; touch -d "@$3" -- "$1"',
};

export const entries = (maxLength: number) => array(entry, { maxLength });

/** Makes the entries in a folder, as far as they can be; it may be there. */
export function makeEntries(
  tree: string,
  list: ReadonlyArray<{
    kind: string;
    marked: boolean;
    under: number;
    name: string;
    mode: string;
    content: Uint8Array;
    time: number;
  }>,
): void {
  mkdirSync(tree, { recursive: true });
  const folders = [tree];
  let file = '';
  for (const each of list) {
    const path = join(folders[each.under % folders.length] ?? tree, each.name);
    // Writing to a pipe that is there already would wait for a reader.
    const script = `set -eu; if [ -e "$1" ] || [ -L "$1" ]; then exit 1; fi; ${MAKE[each.kind] ?? ''}`;
    const ran = Bun.spawnSync(['bash', '-c', script, 'bash', path, each.mode, String(each.time), file], {
      stdin: each.content,
      stderr: 'ignore',
    });
    if (ran.exitCode !== 0) continue;
    if (each.marked && each.kind !== 'link' && each.kind !== 'pipe')
      setAttribute(path, ATTRIBUTE, new Uint8Array([each.under, ...each.content]));
    if (each.kind === 'folder') folders.push(path);
    if (each.kind === 'file') file = path;
  }
}
