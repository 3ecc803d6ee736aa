// The Compose projects that an engine has, running or stopped, by the labels that compose put on their containers.
import { basename, isAbsolute, join } from 'node:path';
import type { Container, Docker } from '../host/docker.ts';
import type { Files } from '../host/port.ts';
import { PROJECT_LABEL } from '../runtimes/compose/running.ts';
import { type Details, detailsOf } from './details.ts';

const LABEL = `${PROJECT_LABEL}.`;

export interface Project {
  name: string;
  /** Where it was started: what its relative paths are relative to. Empty where compose did not say. */
  folder: string;
  /** Absolute, in the order in which compose merged them. */
  files: string[];
  /** Those of them that are not on disk any more. */
  gone: string[];
  /** Absolute: what its variables came from. */
  envFiles: string[];
  containers: Array<Container & { details: Details }>;
  /** What is odd about it, for the operator. */
  notes: string[];
}

/** @returns all of them in the order of their names. One-off containers are nobody's. @throws what the engine is opened with, where it does not answer. */
export async function projectsOf(engine: Docker, files: Pick<Files, 'stat'>): Promise<Project[]> {
  const containers = await engine.containers([PROJECT_LABEL]);
  const detailed = await Promise.all(
    containers.map(async (each) => ({ ...each, details: detailsOf(await engine.inspect(each.id)) })),
  );
  const byName = Map.groupBy(detailed, (each) => each.labels[PROJECT_LABEL] ?? '');
  return [...byName]
    .filter(([name]) => name !== '')
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => projectOf(name, own, files));
}

function projectOf(name: string, containers: Project['containers'], disk: Pick<Files, 'stat'>): Project {
  // Who changed the file and started one service anew knows best what the project is.
  const newest = containers.toSorted((a, b) => (a.details.created < b.details.created ? 1 : -1))[0];
  const label = (of: string): string => newest?.labels[`${LABEL}${of}`] ?? '';
  const folder = label('working_dir');
  const absolute = (path: string) => (isAbsolute(path) ? path : join(folder, path));
  const listed = (of: string) =>
    label(of)
      .split(',')
      .filter((path) => path !== '')
      .map((path) => (path === '-' ? path : absolute(path)));
  const paths = listed('config_files');
  const isThere = (path: string) => disk.stat(path) !== undefined;
  const named = listed('environment_file');
  const usual = folder === '' ? [] : [join(folder, '.env')].filter(isThere);
  const made = new Set(containers.map((each) => each.labels[`${LABEL}config_files`] ?? ''));
  return {
    name,
    folder,
    files: paths,
    gone: paths.filter((path) => !isThere(path)),
    envFiles: named.length > 0 ? named : usual,
    containers,
    notes:
      made.size > 1 ? [`its containers were made from different files: ${[...made].map(short).join(' and ')}`] : [],
  };
}

const short = (list: string): string =>
  list
    .split(',')
    .map((path) => basename(path))
    .join(', ');

/** The working directory is on disk, so that it can stay the project directory. */
export const hasFolder = ({ folder }: Project, files: Pick<Files, 'stat'>): boolean =>
  folder !== '' && files.stat(folder)?.kind === 'folder';

/** At least one of its containers runs. */
export const runs = ({ containers }: Project): boolean => containers.some((each) => each.running);
