// Which project needs which other one: by the networks that they lend each other, and by the names that their variables hold.

import { componentName } from '../runtimes/compose/running.ts';
import type { Project } from './projects.ts';

export interface Place {
  priority: number;
  /** Empty where it needs nobody. */
  why: string;
}

const STEP = 10;

/** @param owners of networks, by name: the project that made it. @returns by project: what others need starts before them. */
export function prioritiesOf(projects: readonly Project[], owners: ReadonlyMap<string, string>): Map<string, Place> {
  const needs = new Map(projects.map((project) => [project.name, needsOf(project, projects, owners)]));
  const depths = new Map<string, number>();
  const depthOf = (name: string, above: readonly string[]): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    // Two that need each other start together.
    const below = [...(needs.get(name)?.keys() ?? [])].filter((other) => !above.includes(other));
    const depth = Math.max(0, ...below.map((other) => 1 + depthOf(other, [...above, name])));
    if (above.length === 0) depths.set(name, depth);
    return depth;
  };
  return new Map(
    projects.map(({ name }) => {
      const why = [...(needs.get(name) ?? [])].map(([other, how]) => `${other} (${how})`).join(', ');
      return [name, { priority: STEP * (1 + depthOf(name, [name])), why: why === '' ? '' : `after ${why}` }];
    }),
  );
}

function needsOf(project: Project, all: readonly Project[], owners: ReadonlyMap<string, string>): Map<string, string> {
  const found = new Map<string, string>();
  const networks = new Set(project.containers.flatMap((each) => each.networks));
  for (const network of networks) {
    const owner = owners.get(network);
    if (owner !== undefined && owner !== project.name && all.some(({ name }) => name === owner))
      found.set(owner, `network ${network}`);
  }
  const own = new Set(project.containers.flatMap(namesOf));
  for (const other of all) {
    if (other.name === project.name || found.has(other.name)) continue;
    const near = other.containers.filter((each) => each.networks.some((network) => networks.has(network)));
    const names = new Set(near.flatMap(namesOf).filter((name) => !own.has(name)));
    if (names.size === 0) continue;
    const variable = project.containers
      .flatMap(({ environment }) => Object.entries(environment))
      .find(([, value]) => value.split(/[^A-Za-z0-9_.-]+/).some((word) => names.has(word)));
    if (variable !== undefined) found.set(other.name, `named in ${variable[0]}`);
  }
  return found;
}

const namesOf = (each: Project['containers'][number]): string[] => [
  each.name,
  componentName(each),
  ...each.details.aliases.filter((alias) => !each.id.startsWith(alias)),
];
