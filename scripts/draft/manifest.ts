// The manifest of a drafted service, as text: each guess says that it is one, and why.
import type { BackupDraft } from './backups.ts';
import type { HealthDraft } from './health.ts';
import type { Place } from './order.ts';
import type { Guess } from './roles.ts';

export interface ManifestDraft {
  name: string;
  project: string;
  /** undefined: the package itself. */
  directory: string | undefined;
  files: readonly string[];
  envFiles: readonly string[];
  profiles: readonly string[];
  stopped: boolean;
  place: Place;
  guesses: readonly Guess[];
  health: HealthDraft;
  backup: BackupDraft;
  /** Its group and the data that makes it one. */
  group: { name: string; why: string } | undefined;
  /** First lines of the file, as comments. */
  notes: readonly string[];
}

/** A word that YAML reads as itself, else quoted. */
const word = (text: string): string =>
  /^[A-Za-z_/][A-Za-z0-9_./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
const list = (words: readonly string[]): string => `[${words.map(word).join(', ')}]`;
/** Comments are one line, whatever names are in them. */
const plain = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?');
const guessed = (why: string): string => ` # guessed: ${plain(why)}`;
const map = (entries: Record<string, string | undefined>): string =>
  `{ ${Object.entries(entries)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]))
    .join(', ')} }`;

/** @returns the file, which parses without a notice. */
export function manifestText(draft: ManifestDraft): string {
  const { health, backup, group } = draft;
  const lines = [
    `# Drafted from Compose project ${draft.project}. Look at what is guessed, then: just release-adopt --dry-run`,
    ...draft.notes.map((note) => `# ${plain(note)}`),
    `name: ${draft.name}`,
    `priority: ${draft.place.priority}${draft.place.why === '' ? '' : guessed(draft.place.why)}`,
    draft.stopped
      ? `installation: { status: inactive }${guessed('none of its containers runs; inactive is never released')}`
      : 'installation: { status: installed }',
    'runtime: compose',
    'compose:',
    `  project: ${word(draft.project)}`,
    ...(draft.directory === undefined ? [] : [`  directory: ${word(draft.directory)}`]),
    `  files: ${list(draft.files)}`,
    ...(draft.profiles.length === 0
      ? []
      : [`  profiles: ${list(draft.profiles)}${guessed('all of their services are there')}`]),
    ...(draft.envFiles.length === 0 ? [] : [`  env_files: ${list(draft.envFiles)}`]),
    'containers:',
    ...draft.guesses.map((guess) => containerLine(guess, health.checked)),
    ...databaseLines(backup),
    ...backupLines(backup),
    ...healthLines(health),
    ...(group === undefined ? [] : [`release: { group: ${word(group.name)} }${guessed(group.why)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function containerLine({ service, role, why, required }: Guess, checked: readonly string[]): string {
  const entry = {
    name: word(service),
    role,
    required: required ? undefined : 'false',
    health_check: checked.includes(service) ? 'true' : undefined,
  };
  return `  - ${map(entry)}${guessed(why)}`;
}

function databaseLines({ database }: BackupDraft): string[] {
  if (database === undefined) return [];
  const { type, container, name, user, path } = database.spec;
  const written = (text: string | undefined) => (text === undefined ? undefined : word(text));
  const entry = { type, container: written(container), name: written(name), user: written(user), path: written(path) };
  return [`database: ${map(entry)}${guessed(database.why)}`];
}

function backupLines({ database, volumes, command, notes }: BackupDraft): string[] {
  const types = [
    ...(database === undefined ? [] : ['database']),
    ...(volumes.length === 0 ? [] : ['volume']),
    ...(command === undefined ? [] : ['command']),
  ];
  const entries = volumes.map(({ why, ...each }) => {
    const entry = 'bind' in each ? { bind: word(each.bind) } : { suffix: word(each.suffix) };
    return `    - ${map(entry)}${why === undefined ? '' : guessed(why)}`;
  });
  return [
    'backup:',
    ...notes.map((note) => `  # ${plain(note)}`),
    `  type: ${list(types.length === 0 ? ['config'] : types)}`,
    ...(entries.length === 0 ? [] : ['  volumes:', ...entries]),
    ...commandLines(command, types),
  ];
}

/** A revert needs a way back for each kind that it has: what the others bring back, the command need not. */
function commandLines(command: BackupDraft['command'], types: readonly string[]): string[] {
  if (command === undefined) return [];
  const others = types.filter((type) => type !== 'command');
  return [
    `  command:${guessed(command.why)}`,
    `    backup: ${list(command.backup)}`,
    others.length === 0
      ? '    # restore: [...]   # as long as there is none, nothing brings this data back'
      : `    restore: ["true"] # what is put back is saved as ${others.join(' and ')}; this is a copy more`,
  ];
}

function healthLines({ endpoint, note }: HealthDraft): string[] {
  if (endpoint === undefined) return [`# ${plain(note)}`];
  const { url, code, why } = endpoint;
  return [`health: ${map({ endpoint: JSON.stringify(url), expected_code: String(code) })}${guessed(why)}`];
}
