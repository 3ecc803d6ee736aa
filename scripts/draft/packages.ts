// Which package a project becomes: a name that is valid and its own, and the names of its files in there.
import { basename, relative } from 'node:path';
import { isServiceName } from '../model/names.ts';
import type { Project } from './projects.ts';

/** @param packages the folder of the packages. @param taken names of services and folders that are there. */
export function serviceName(project: Project, packages: string, taken: ReadonlySet<string>): string {
  const inside = relative(packages, project.folder);
  if (isServiceName(inside)) return inside;
  const plain = project.name.replaceAll(/[^a-z0-9_-]/g, '-').slice(0, 60);
  for (let number = 1; ; number++) {
    const name = number === 1 ? plain : `${plain.slice(0, 57)}-${number}`;
    if (!taken.has(name)) return name;
  }
}

/** The paths that the files of a project get in its package, in the same order: below its folder as they lay there, others by their names. */
export function fileNames({ folder, files }: Project): string[] {
  const names: string[] = [];
  for (const file of files) {
    const below = folder === '' ? '' : relative(folder, file);
    const wanted = below === '' || below.startsWith('..') ? basename(file) : below;
    const name = names.includes(wanted) ? `${names.length}-${basename(file)}` : wanted;
    names.push(name);
  }
  return names;
}
