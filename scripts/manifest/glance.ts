// A cheap look at a manifest, for the thousands that did not change: a few facts from its lines, or nothing where a line could mean something else.
import type { InstallationStatus } from '../model/service.ts';

interface Watched {
  watch: string[];
  group?: string;
}

export interface Glance extends Watched {
  name: string;
  status: InstallationStatus;
}

const MAX_LENGTH = 128 * 1024;
const END = ' *(?: #.*)?$';
const STATUS = '(installed|inactive|available|deprecated)';
/** Words that YAML reads as what they look like; everything else is left to the parser. */
const WORD = '([A-Za-z0-9_./][A-Za-z0-9_./*?-]*|\'[^\'\\\\]*\'|"[^"\\\\]*")';
const LIST = `\\[ *(?:${WORD.replace('(', '(?:')}(?: *, *${WORD.replace('(', '(?:')})*)? *\\]`;

const KEY = /^([A-Za-z_][A-Za-z0-9_]*):(?= |$)/;
const NAME = new RegExp(`^name: +(?:([a-z0-9][a-z0-9_-]*)|'([a-z0-9][a-z0-9_-]*)'|"([a-z0-9][a-z0-9_-]*)")${END}`);
const FLOW_STATUS = new RegExp(`^installation: +\\{ *status: +${STATUS} *\\}${END}`);
const BLOCK_STATUS = new RegExp(`^ +status: +${STATUS}${END}`);
/** Without `null`, which is none. */
const GROUP = '((?!null(?: |[}]|$))[a-z][a-z0-9_-]{0,62})';
const FLOW_RELEASE = new RegExp(
  `^release: +\\{ *(?:watch: +(${LIST}) *)?(?:, *)?(?:timeout: +[0-9]+[a-z]+ *)?(?:, *)?(?:group: +${GROUP} *)?\\}${END}`,
);
const BLOCK_WATCH = new RegExp(`^( +)watch:(?: +(${LIST}))?${END}`);
const BLOCK_ITEM = new RegExp(`^( *)- +${WORD}${END}`);
const BLOCK_TIMEOUT = new RegExp(`^( +)timeout: +[0-9]+[a-z]+${END}`);
const BLOCK_GROUP = new RegExp(`^( +)group: +${GROUP}${END}`);
const BLANK = /^ *(?:#.*)?$/;
const SECTION = new RegExp(`^[a-z]+:${END}`);
const WORDS = new RegExp(WORD, 'g');

/**
 * @returns what parseManifest would say of these three, where it accepts the manifest; undefined: not sure, parse it.
 * It does not say that the manifest is sound.
 */
export function glance(text: string): Glance | undefined {
  if (text.length > MAX_LENGTH || text.includes('\r')) return undefined;
  let name: string | undefined;
  let status: InstallationStatus | undefined;
  let release: Watched | undefined;
  let key = '';
  let section: string[] = [];

  const finish = (): boolean => {
    if (key === 'installation') status = blockStatus(section);
    if (key === 'release') release = blockRelease(section);
    return key === '' || (key === 'installation' ? status : release) !== undefined;
  };

  let first = true;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const code = text.charCodeAt(start);
    // Blank, comment, or inside the key above: only the two block sections are read line by line.
    if (end === start || code === 32 || code === 35) {
      if (key !== '') section.push(text.slice(start, end));
      start = end + 1;
      continue;
    }
    const line = text.slice(start, end);
    start = end + 1;
    if (first && line === '---') {
      first = false;
      continue;
    }
    first = false;
    const isItem = code === 45 && line.startsWith('- ');
    if (isItem && key === '') continue;
    const found = isItem ? undefined : KEY.exec(line)?.[1];
    if (found === undefined || !finish()) return undefined;
    key = '';
    section = [];
    if (found === 'name') {
      const words = NAME.exec(line);
      if (words === null || name !== undefined) return undefined;
      name = words[1] ?? words[2] ?? words[3];
    } else if (found === 'installation' || found === 'release') {
      if ((found === 'installation' ? status : release) !== undefined) return undefined;
      if (SECTION.test(line)) key = found;
      else if (found === 'installation') status = FLOW_STATUS.exec(line)?.[1] as InstallationStatus | undefined;
      else release = flowRelease(line);
      if (key === '' && (found === 'installation' ? status : release) === undefined) return undefined;
    }
  }
  if (!finish() || name === undefined) return undefined;
  return { name, status: status ?? 'installed', ...(release ?? { watch: [] }) };
}

function blockStatus(lines: string[]): InstallationStatus | undefined {
  const said = lines.filter((line) => !BLANK.test(line));
  const status = said.length === 1 ? BLOCK_STATUS.exec(said[0] ?? '')?.[1] : undefined;
  return status as InstallationStatus | undefined;
}

const words = (list: string): string[] => (list.match(WORDS) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));

const watched = (watch: string[] | undefined, group: string | undefined): Watched => ({
  watch: watch ?? [],
  ...(group === undefined ? {} : { group }),
});

function flowRelease(line: string): Watched | undefined {
  const found = FLOW_RELEASE.exec(line);
  return found === null ? undefined : watched(words(found[1] ?? ''), found.at(-1));
}

function blockRelease(lines: string[]): Watched | undefined {
  let watch: string[] | undefined;
  let group: string | undefined;
  let indent: string | undefined;
  let open = false;
  let itemIndent: string | undefined;
  for (const line of lines) {
    if (BLANK.test(line)) continue;
    const item = open ? BLOCK_ITEM.exec(line) : null;
    if (item !== null && watch !== undefined) {
      itemIndent ??= item[1];
      if (item[1] !== itemIndent || (itemIndent ?? '').length < (indent ?? '').length) return undefined;
      watch.push(...words(item[2] ?? ''));
      continue;
    }
    const found = BLOCK_WATCH.exec(line);
    const grouped = found === null ? BLOCK_GROUP.exec(line) : null;
    const own = (found ?? grouped ?? BLOCK_TIMEOUT.exec(line))?.[1];
    indent ??= own;
    if (own === undefined || own !== indent) return undefined;
    open = found !== null && found[2] === undefined;
    if ((found !== null && watch !== undefined) || (grouped !== null && group !== undefined)) return undefined;
    if (found !== null) watch = found[2] === undefined ? [] : words(found[2]);
    if (grouped !== null) group = grouped[2];
  }
  return watched(watch, group);
}
