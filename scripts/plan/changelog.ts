// A changelog (Keep a Changelog 1.1.0, and what people make of it) as a list of entries.

export interface ChangelogEntry {
  version: string;
  kind: string;
  /** One line: markers of lists gone, white space collapsed. */
  text: string;
  breaking: boolean;
}

interface Heading {
  level: number;
  text: string;
}

const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*)$/;
const ITEM = /^([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+/;
const FENCE = /^[ \t]*(?:[-*+][ \t]+)?(`{3,}|~{3,})/;
const LINK = /^ {0,3}\[[^\]]{1,300}\]:[ \t]/;
const KIND = /^\W{0,8}(?:added|changed|deprecated|removed|fixed|security|breaking)\b/i;
const VERSION = /^\[?(?:unreleased\b|v?\d+\.\d+)/i;
const REMOVED = /^\W{0,8}removed\b/i;
/** In capitals anywhere, or however it is written as the first word; but no `non-breaking`. */
const BREAKING = /(?<!\b[Nn][Oo][Nn][- ]?)\bBREAKING\b|^\W{0,8}[Bb]reaking\b/;
/** What stands below a heading that has nothing to say. */
const NOTHING = /^[^\p{L}\p{N}]*(?:none|nothing|n\/a|no changes?)?[^\p{L}\p{N}]*$/iu;
/** A line is not looked at beyond this. */
const LINE_CHARS = 4_000;
const ENTRY_CHARS = 8_000;

/** Never throws: what is no changelog has paragraphs. */
export function parseChangelog(text: string): ChangelogEntry[] {
  const entries: ChangelogEntry[] = [];
  let [version, kind] = ['', ''];
  let open: { lines: string[]; chars: number; indent: number } | undefined;

  const close = (): void => {
    const words = open ? open.lines.join(' ').replaceAll(/\s+/g, ' ').trim() : '';
    open = undefined;
    if (NOTHING.test(words)) return;
    const breaking = REMOVED.test(kind) || [version, kind, words].some((each) => BREAKING.test(each));
    entries.push({ version, kind, text: words, breaking });
  };
  const add = (line: string, indent: number): void => {
    open ??= { lines: [], chars: 0, indent };
    if (open.chars < ENTRY_CHARS) open.lines.push(line);
    open.chars += line.length;
  };

  for (const line of readable(text)) {
    if (line.fenced) {
      add(line.text, 0);
      continue;
    }
    const heading = headingOf(line.text);
    if (heading) {
      close();
      if (isVersion(heading)) [version, kind] = [titleOf(heading), ''];
      else kind = titleOf(heading);
      continue;
    }
    if (line.text.trim() === '') {
      // What is indented below an item still belongs to it.
      if (open && open.indent < 0) close();
      continue;
    }
    if (LINK.test(line.text)) continue;
    const item = ITEM.exec(line.text);
    const indent = item ? widthOf(item[1] ?? '') : -1;
    const words = item ? line.text.slice(item[0].length) : line.text;
    const indented = /^[ \t]/.test(line.text);
    const below = item ? open !== undefined && open.indent >= 0 && indent > open.indent : open !== undefined;
    // A paragraph that begins at the margin after a blank line is no part of the item before it.
    const leaves = !item && line.afterBlank && !indented;
    if (!below || leaves) close();
    add(words, indent);
  }
  close();
  return entries;
}

const widthOf = (space: string): number => [...space].reduce((sum, char) => sum + (char === '\t' ? 4 : 1), 0);

interface Line {
  text: string;
  /** Inside a block of code: nothing in it is a heading or an item. */
  fenced: boolean;
  afterBlank: boolean;
}

/** Lines without their ends, without comments, with setext headings as the others. */
function* readable(text: string): Iterable<Line> {
  let fence: string | undefined;
  let comment = false;
  let previous: Line | undefined;
  let blank = true;
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r\n|[\n\r]/)) {
    const cut = raw.slice(0, LINE_CHARS);
    if (fence !== undefined) {
      if (cut.trim().startsWith(fence) && cut.trim().replaceAll(fence[0] ?? '', '') === '') fence = undefined;
      if (previous) yield previous;
      previous = { text: cut, fenced: true, afterBlank: false };
      continue;
    }
    const begins = FENCE.exec(cut)?.[1];
    const bare: { text: string; comment: boolean } =
      begins === undefined ? withoutComments(cut, comment) : { text: cut, comment: false };
    const only: boolean = bare.text.trim() === '' && (comment || bare.comment || cut.includes('-->'));
    comment = bare.comment;
    if (only) continue;
    if (begins !== undefined) fence = begins;
    const underline = /^ {0,3}(=+|-+)[ \t]*$/.exec(bare.text)?.[1];
    const title = previous && !previous.fenced && previous.text.trim() !== '' && !ITEM.test(previous.text);
    if (underline !== undefined && title && previous && !HEADING.test(previous.text)) {
      yield { ...previous, text: `${underline.startsWith('=') ? '#' : '##'} ${previous.text.trim()}` };
      previous = undefined;
      blank = true;
      continue;
    }
    if (previous) yield previous;
    previous = { text: bare.text, fenced: false, afterBlank: blank };
    blank = bare.text.trim() === '';
  }
  if (previous) yield previous;
}

/** @param inside a comment that an earlier line began. */
function withoutComments(line: string, inside: boolean): { text: string; comment: boolean } {
  let text = '';
  let at = 0;
  for (let comment = inside; ; comment = !comment) {
    const end = line.indexOf(comment ? '-->' : '<!--', at);
    if (!comment) text += end < 0 ? line.slice(at) : line.slice(at, end);
    if (end < 0) return { text, comment };
    at = end + (comment ? 3 : 4);
  }
}

function headingOf(line: string): Heading | undefined {
  const [, marks, text] = HEADING.exec(line) ?? [];
  return marks === undefined || text === undefined ? undefined : { level: marks.length, text: text.trim() };
}

const isVersion = ({ level, text }: Heading): boolean => VERSION.test(text) || (level <= 2 && !KIND.test(text));

/** `[2.0.0](https://...) - 2026-05-18 ##` is 2.0.0 - 2026-05-18. */
const titleOf = ({ text }: Heading): string =>
  text
    .replace(/[ \t]#+$/, '')
    .replaceAll(/\[([^[\]]{0,300})\](?:\([^()]{0,1000}\))?/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim();
