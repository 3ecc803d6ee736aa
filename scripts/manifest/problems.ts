// What is wrong with a file, and how a list of it becomes one refusal.
import { type ReleaseError, refused } from '../model/error.ts';

export interface Problem {
  /** The file as operators know it: relative to the repository. */
  file: string;
  /** Both count from 1. */
  line: number;
  column: number;
  /** `containers[0].role`; empty for the file itself. */
  path: string;
  what: string;
  suggestion?: string;
}

const SHOWN = 50;

/** `file:line:column: path.to.key: what is wrong (did you mean "x"?)` */
export function problemLine(problem: Problem): string {
  const { file, line, column, path, what, suggestion } = problem;
  const meant = suggestion === undefined ? '' : ` (did you mean "${suggestion}"?)`;
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${what}${meant}`;
}

/** One refusal for all problems, in the order of the files' lines. @param problems at least one. */
export function refuseProblems(problems: readonly Problem[]): ReleaseError {
  const sorted = [...problems].sort((a, b) =>
    a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1,
  );
  const files = [...new Set(sorted.map((problem) => problem.file))];
  const details = sorted.slice(0, SHOWN).map(problemLine);
  if (sorted.length > SHOWN) details.push(`and ${sorted.length - SHOWN} more`);
  const [first] = files;
  const count = sorted.length === 1 ? 'a problem' : `${sorted.length} problems`;
  return refused({
    what: files.length === 1 ? `${first} has ${count}` : `${files.length} files have ${count} in all`,
    details,
    hint: 'Mend the lines above, commit, push, and type the same command again.',
  });
}

/** `containers[0].role` for ['containers', 0, 'role']; keys that are no plain words are quoted. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const key = String(part);
    if (!/^[\w-]+$/.test(key)) return `${text}[${JSON.stringify(key.slice(0, 80))}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}
