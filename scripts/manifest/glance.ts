// A cheap look at a manifest, for the thousands that did not change: three facts from its lines, or nothing where a line could mean something else.
import type { InstallationStatus } from '../model/service.ts';

export interface Glance {
  name: string;
  status: InstallationStatus;
  watch: string[];
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
const FLOW_RELEASE = new RegExp(
  `^release: +\\{ *(?:watch: +(${LIST}) *)?(?:, *)?(?:timeout: +[0-9]+[a-z]+ *)?\\}${END}`,
);
const BLOCK_WATCH = new RegExp(`^( +)watch:(?: +(${LIST}))?${END}`);
const BLOCK_ITEM = new RegExp(`^( *)- +${WORD}${END}`);
const BLOCK_TIMEOUT = new RegExp(`^( +)timeout: +[0-9]+[a-z]+${END}`);
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
  let watch: string[] | undefined;
  let key = '';
  let section: string[] = [];

  const finish = (): boolean => {
    if (key === 'installation') status = blockStatus(section);
    if (key === 'release') watch = blockWatch(section);
    return key === '' || (key === 'installation' ? status : watch) !== undefined;
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
      if ((found === 'installation' ? status : watch) !== undefined) return undefined;
      if (SECTION.test(line)) key = found;
      else if (found === 'installation') status = FLOW_STATUS.exec(line)?.[1] as InstallationStatus | undefined;
      else watch = flowWatch(line);
      if (key === '' && (found === 'installation' ? status : watch) === undefined) return undefined;
    }
  }
  if (!finish() || name === undefined) return undefined;
  return { name, status: status ?? 'installed', watch: watch ?? [] };
}

function blockStatus(lines: string[]): InstallationStatus | undefined {
  const said = lines.filter((line) => !BLANK.test(line));
  const status = said.length === 1 ? BLOCK_STATUS.exec(said[0] ?? '')?.[1] : undefined;
  return status as InstallationStatus | undefined;
}

const words = (list: string): string[] => (list.match(WORDS) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));

function flowWatch(line: string): string[] | undefined {
  const found = FLOW_RELEASE.exec(line);
  return found === null ? undefined : words(found[1] ?? '');
}

function blockWatch(lines: string[]): string[] | undefined {
  let watch: string[] | undefined;
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
    const timeout = found === null ? BLOCK_TIMEOUT.exec(line) : null;
    const own = found?.[1] ?? timeout?.[1];
    indent ??= own;
    if (own === undefined || own !== indent) return undefined;
    open = found !== null && found[2] === undefined;
    if (found !== null) {
      if (watch !== undefined) return undefined;
      watch = found[2] === undefined ? [] : words(found[2]);
    }
  }
  return watch ?? [];
}
