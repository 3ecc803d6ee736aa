// What a release's changelogs newly say, and whether somebody has to read it before the release may go on.
import { type ErrorFacts, refused } from '../model/error.ts';
import type { ReleaseNote, ReleaseNotes } from '../model/notes.ts';
import type { Plan } from '../model/step.ts';
import { type ChangelogEntry, parseChangelog } from './changelog.ts';

/** One changelog at both ends; undefined where it is not there. */
export interface ChangelogText {
  path: string;
  before: string | undefined;
  after: string | undefined;
}

const MOST = 60;
const MOST_BREAKING = 200;
const TEXT_CHARS = 400;
const TITLE_CHARS = 80;
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** One that was only moved, wrapped anew or marked up differently is the same; one that became a removal is not. */
const keyOf = ({ text, breaking }: ChangelogEntry): string =>
  `${breaking} ${text.replaceAll(/[*_`\\\s]+/g, ' ').trim()}`;

/** The entries that the targets have more often than the bases, all files together: what moved from one to another is not new. */
export function newNotes(files: readonly ChangelogText[]): ReleaseNotes {
  const known = new Map<string, number>();
  for (const { before } of files)
    for (const entry of parseChangelog(before ?? '')) known.set(keyOf(entry), (known.get(keyOf(entry)) ?? 0) + 1);
  const found: ReleaseNote[] = [];
  for (const { path, after } of files.toReversed()) {
    // New ones stand at the top: of equal ones, the lower are those that were there.
    for (const entry of parseChangelog(after ?? '').toReversed()) {
      const key = keyOf(entry);
      const left = known.get(key) ?? 0;
      if (left > 0) known.set(key, left - 1);
      else found.unshift(noteOf(path, entry));
    }
  }
  const breaking = found.filter((note) => note.breaking);
  const kept = new Set([...breaking.slice(0, MOST_BREAKING), ...found.filter((note) => !note.breaking).slice(0, MOST)]);
  return {
    entries: found.filter((note) => kept.has(note)),
    left: found.length - kept.size,
    leftBreaking: Math.max(breaking.length - MOST_BREAKING, 0),
  };
}

const noteOf = (file: string, { version, kind, text, breaking }: ChangelogEntry): ReleaseNote => ({
  file,
  version: shown(version, TITLE_CHARS),
  kind: shown(kind, TITLE_CHARS),
  text: shown(text, TEXT_CHARS),
  breaking,
});

function shown(text: string, most: number): string {
  const cut = text.length > most ? `${text.slice(0, most).toWellFormed()}...` : text;
  return cut.replaceAll(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

const isEmpty = (notes: ReleaseNotes | undefined): boolean => notes === undefined || notes.entries.length === 0;

/** The lines of a plan. */
export function describeNotes(notes: ReleaseNotes | undefined): string[] {
  if (notes === undefined || isEmpty(notes)) return [];
  const lines = ['', 'Release notes:'];
  let above = '';
  for (const { file, version, kind, text, breaking } of notes.entries) {
    const title = [file, version, kind].filter((word) => word !== '').join(', ');
    if (title !== above) lines.push(`  ${title}`);
    above = title;
    lines.push(`    ${breaking ? '!' : '-'} ${text}`);
  }
  if (notes.left > 0) lines.push(`  and ${notes.left} more entries`);
  return lines;
}

/** `CHANGELOG.md, 2.0.0, Removed: the old API` */
export const noteLine = ({ file, version, kind, text }: ReleaseNote): string =>
  `${[file, version, kind].filter((word) => word !== '').join(', ')}: ${text}`;

export interface Breaking {
  lines: string[];
  /** All of them, those that are not among the lines, too. */
  count: number;
}

/** What has to be acknowledged; undefined where nothing has. */
export function breakingOf({ notes }: { notes?: ReleaseNotes }): Breaking | undefined {
  const lines = (notes?.entries ?? []).filter(({ breaking }) => breaking).map(noteLine);
  return lines.length === 0 ? undefined : { lines, count: lines.length + (notes?.leftBreaking ?? 0) };
}

const SHOWN = 20;

/** @throws refused where the changelogs name something that breaks, and nobody acknowledged it. */
export function checkBreaking(plan: Plan, acknowledged: boolean): void {
  const found = breakingOf(plan);
  if (!found || acknowledged) return;
  throw refused(refusal(plan.ticket, found));
}

const refusal = (ticket: string, { lines, count }: Breaking): ErrorFacts => ({
  what: `${count === 1 ? 'An entry of the changelog says' : `${count} entries of the changelog say`} that this release removes or breaks something`,
  details: [...lines.slice(0, SHOWN), ...(count > SHOWN ? [`and ${count - SHOWN} more`] : [])],
  hint: [
    'Do what they ask for, then acknowledge them, which goes to the log:',
    `just release-run ${ticket} --ack-breaking`,
  ],
});
