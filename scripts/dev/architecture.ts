// What may depend on what, and where effects may be. Read by the architecture test.
import { dirname, join } from 'node:path';
import { importsOf, sourceText } from './source-text.ts';

/** Folder of scripts/ -> the other folders of scripts/ that it may import. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  model: [],
  manifest: ['model'],
  plan: ['model'],
  host: ['model'],
  journal: ['model', 'host'],
  runtimes: ['model', 'host'],
  backups: ['model', 'host', 'runtimes'],
  draft: ['model', 'manifest', 'host', 'runtimes'],
  engine: ['model', 'plan', 'host', 'journal', 'runtimes', 'backups'],
  notify: ['model', 'plan', 'host'],
  playbooks: ['model', 'manifest', 'host', 'journal', 'backups'],
  doctor: ['model', 'manifest', 'plan', 'host', 'journal', 'runtimes', 'backups'],
  release: [
    'model',
    'manifest',
    'plan',
    'host',
    'journal',
    'runtimes',
    'backups',
    'draft',
    'engine',
    'playbooks',
    'doctor',
    'notify',
  ],
};

/** These are computations: what they import is named here, and nothing else. */
const PURE: Record<string, readonly string[]> = {
  model: [],
  manifest: ['yaml', 'zod', 'node:path'],
  plan: ['node:path'],
};

/** Where effects belong. Programs are started and end in release/. */
const EFFECTS_IN = ['host', 'dev'];
const FOLDER_EFFECTS: Record<string, RegExp> = {
  release: /^process\.(?:argv|exitCode|exit)$|^Bun\.main$|^import\.meta\.main$/,
};

/** Computations that any folder may import, by node's name or the package's. Whatever is not named here is for host/. */
const PLAIN_MODULES = new Set(['node:path', 'node:util', 'yaml', 'zod', 'dotenv']);

/** Names by which a program reaches the world; as a whole, so that a copy of one under another name is seen as well. */
const REACHES = [
  String.raw`Bun(?!\.(?:Glob|CryptoHasher|semver|hash|YAML|TOML|stringWidth|escapeHTML)\b)(?:\.\w+)?`,
  String.raw`(?:process|performance|crypto|console|navigator|Atomics|Temporal)(?:\.\w+)?`,
  'fetch|XMLHttpRequest|WebSocket|EventSource|Worker|BroadcastChannel|globalThis',
  String.raw`set(?:Timeout|Interval|Immediate)|random(?:Bytes|UUID|Int|FillSync)|Math\.random|AbortSignal\.timeout`,
  // A require of a name as it stands is an import like any other, and looked at as such.
  String.raw`(?:require(?!\s*\(\s*['"])|eval|Function)(?=\s*\()|import\.meta\.(?:env|main|require)`,
  String.raw`Date\.now|(?<!new )Date(?=\s*\()`,
];
/** Not where it is a key, or a property of something else. */
const EFFECT = new RegExp(
  [
    String.raw`(?<![\w$]|[\w$)\]]\??\.)(?:${REACHES.join('|')})\b(?!\s*\??:)`,
    String.raw`\bnew Date(?:\s*\(\s*\)|(?!\s*\())`,
    String.raw`\}\s*=\s*Date\b`,
    String.raw`\.scan(?:Sync)?(?=\()`,
  ].join('|'),
  'g',
);

/** Tests, the suites that they share, and what those start as programs of their own. */
const isTest = (path: string): boolean => /\.test\.ts$|\/(?:contract|fixture)(?:-\w+)*\.ts$/.test(path);

/** Files that only tests use, directly or through each other: they may do what tests may. @param files source by path. */
export function testSupport(files: ReadonlyMap<string, string>): Set<string> {
  const importers = new Map<string, string[]>();
  for (const [path, source] of files) {
    for (const name of importsOf(sourceText(source))) {
      const target = join(dirname(path), name);
      if (name.startsWith('.')) importers.set(target, [...(importers.get(target) ?? []), path]);
    }
  }
  const support = new Set<string>();
  for (let before = -1; before !== support.size; ) {
    before = support.size;
    for (const [path, by] of importers) if (by.every((it) => isTest(it) || support.has(it))) support.add(path);
  }
  return support;
}

/** @returns the folder of scripts/ that a path lies in; undefined for a file right in scripts/. */
const folderOf = (path: string): string | undefined => /^scripts\/([^/]+)\//.exec(path)?.[1];

/**
 * What is wrong with one file of scripts/.
 * @param path from the checkout's top. @param services names that engine code must not know.
 */
export function violations(path: string, source: string, services: readonly string[] = []): string[] {
  const folder = folderOf(path);
  if (folder === undefined || folder === 'dev' || isTest(path)) return [];
  const parts = sourceText(source);
  const found: string[] = [];
  const say = (what: string) => found.push(`${path}: ${what}`);
  const may = MAY_IMPORT[folder];
  if (may === undefined) say(`${folder}/ has no place in the dependency order`);

  for (const name of importsOf(parts)) {
    if (name.startsWith('.')) {
      const target = join(dirname(path), name);
      const other = folderOf(target);
      if (other !== folder && !may?.includes(other ?? '')) say(`${folder}/ must not import ${target}`);
      if (folder === 'engine' && /\/(?:git|docker|compose|pm2)\b/.test(target))
        say(`engine/ knows no git and no docker: ${target}`);
    } else if (name === 'bun:test') {
      say('bun:test is for tests');
    } else if (PURE[folder] && !PURE[folder].includes(name)) {
      say(`${folder}/ is computation and must not import ${name}`);
    } else if (!EFFECTS_IN.includes(folder) && !PLAIN_MODULES.has(name)) {
      say(`${name} is for host/ alone`);
    }
  }
  if (!EFFECTS_IN.includes(folder)) {
    for (const [effect] of parts.code.matchAll(EFFECT))
      if (!FOLDER_EFFECTS[folder]?.test(effect)) say(`${effect} is for host/ alone`);
  }
  for (const service of services) {
    if (new RegExp(`['"\`/]${RegExp.escape(service)}['"\`/]`).test(parts.text)) say(`names the service ${service}`);
  }
  return found;
}
