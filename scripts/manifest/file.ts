// One of our YAML files, read the quick way where that says all there is to say. Most are plain and sound, and the parser takes longer
// to load than they to read.
import type { YamlFile } from './document.ts';
import type { Problem } from './problems.ts';
import { readSimple } from './simple.ts';

interface Source {
  text: string;
  /** As operators know it. */
  file: string;
  /** See readYaml. */
  isRead: (key: string) => boolean;
}

/** @param check makes something of the file. It may be called twice: again where the file is not plain, or a place in it has to be named. */
export function readFile<T>({ text, file, isRead }: Source, check: (yaml: YamlFile) => T): T {
  const value = readSimple(text);
  if (value !== undefined) {
    let placeAsked = false;
    const problem = (_path: readonly PropertyKey[], what: string): Problem => {
      placeAsked = true;
      return { file, line: 0, column: 0, path: '', what };
    };
    const checked = check({ value, problems: [], problem });
    if (!placeAsked) return checked;
  }
  const { readYaml } = require('./document.ts') as typeof import('./document.ts');
  return check(readYaml(text, file, isRead));
}
