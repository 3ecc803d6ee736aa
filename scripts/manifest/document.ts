// YAML text -> plain values with the place of each, refusing what makes a file mean something else than it seems to.
import { LineCounter, type ParsedNode, parseAllDocuments } from 'yaml';
import type { Problem } from './problems.ts';
import { readTree } from './tree.ts';

const MAX_BYTES = 512 * 1024;
const MAX_SYNTAX_PROBLEMS = 10;

export interface YamlFile {
  /** The top level: key -> value (see tree.ts for what scalars become). undefined where the text cannot be read at all. */
  value: Record<string, unknown> | undefined;
  problems: Problem[];
  /** A problem at the value (or at the key, where asked or where there is no value); at the nearest parent for what is missing. */
  problem(path: readonly PropertyKey[], what: string, options?: { suggestion?: string; atKey?: boolean }): Problem;
}

/**
 * @param file as operators know it.
 * @param isRead says whether a top-level key is one of ours; sections of other tools are looked at for syntax only.
 */
export function readYaml(text: string, file: string, isRead: (key: string) => boolean): YamlFile {
  const lines = new LineCounter();
  const at = (offset: number, what: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), path: '', what };
  };
  const top = { file, line: 1, column: 1, path: '' };
  const unreadable = (...problems: Problem[]): YamlFile => ({
    value: undefined,
    problems,
    problem: (_path, what) => ({ ...top, what }),
  });

  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) return unreadable({ ...top, what: `has ${bytes} bytes: more than ${MAX_BYTES} are not read` });
  const parsed = parseAllDocuments<ParsedNode>(text, {
    // Ours reports both places, and takes linear time.
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    merge: false,
    schema: 'core',
  });
  if (!Array.isArray(parsed)) return unreadable({ ...top, what: 'is empty' });
  const [document, second] = parsed;
  if (document === undefined) return unreadable({ ...top, what: 'is empty' });
  if (document.errors.length > 0) {
    const shown = document.errors.slice(0, MAX_SYNTAX_PROBLEMS);
    return unreadable(...shown.map((error) => at(error.pos[0], syntaxSentence(error.code, error.message))));
  }
  if (second !== undefined) {
    return unreadable(at(second.range[0], 'holds a second YAML document: only one is allowed'));
  }
  const { yaml } = document.directives;
  if (yaml.explicit && yaml.version !== '1.2') {
    return unreadable({ ...top, what: `says %YAML ${yaml.version}: only YAML 1.2 is read` });
  }
  return readTree(document, at, isRead);
}

function syntaxSentence(code: string, message: string): string {
  if (code === 'RESOURCE_EXHAUSTION') return 'is nested too deeply';
  return `is not valid YAML: ${message.replaceAll(/\s+/g, ' ').slice(0, 160)}`;
}
