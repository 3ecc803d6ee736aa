// release-adopt --draft: every Compose project of the engine as a package, for the operator to look at. Starts and stops nothing.
import { dirname, join } from 'node:path';
import { isAbout } from '../../draft/habits.ts';
import { type Project, projectsOf } from '../../draft/projects.ts';
import { openDocker } from '../../host/docker.ts';
import { badInput, ReleaseError, refused } from '../../model/error.ts';
import { runtimeOf } from '../../runtimes/registry.ts';
import { type Context, openContext, runtimeContext } from '../context.ts';
import { inGroups } from '../in-groups.ts';
import { checkUnblocked, readRecords } from '../standing-records.ts';
import type { World } from '../world.ts';
import { dumpJobs } from './cron-jobs.ts';
import { type Finished, finish } from './draft-finish.ts';
import { type Prepared, prepare } from './draft-prepare.ts';
import { BASELINE } from './look.ts';

export interface DraftRequest {
  /** Compose projects by name; empty: all. */
  projects: readonly string[];
  withSecrets: boolean;
  /** Say what would be written. */
  dry: boolean;
}

export interface Problem {
  project: string;
  what: string;
  mend: string;
}

/** @returns 0. @throws refused with every project that could not be drafted, or not from its own files; the others are written by then. */
export async function draft(world: World, request: DraftRequest): Promise<number> {
  const context = await openContext(world);
  checkUnblocked(readRecords(context, BASELINE), undefined);
  const at = runtimeContext(context, BASELINE);
  await (await runtimeOf('compose')).check(at);
  const engine = openDocker(context.host, at, refused);
  const all = await projectsOf(engine, context.host.files);
  const wanted = chosen(all, request.projects);

  const { say } = world.terminal;
  const problems: Problem[] = [];
  const known = knownProjects(context);
  const open = wanted.filter((project) => {
    const service = known.get(project.name);
    if (service !== undefined) say(`${project.name}: packages/${service} is there already, and stays as it is`);
    return service === undefined;
  });
  const fit = open.filter((project) => {
    const twin =
      request.projects.length > 0 ? undefined : all.find((other) => other !== project && sharesFile(other, project));
    if (twin === undefined) return true;
    problems.push({
      project: project.name,
      what: `${project.files.find((file) => twin.files.includes(file))} is the compose file of ${twin.name}, too`,
      mend: `end the one that is not meant (docker compose -p ${twin.name} down), or draft each with a copy: just release-adopt --draft ${project.name} ${twin.name}`,
    });
    return false;
  });
  // A folder without a manifest may be what an interrupted draft left: its files are compared before anything is written.
  const taken = new Set(known.values());
  const prepared = await inGroups(fit, context.config.concurrency, (project) =>
    unless(problems, project, () => prepare(context, engine, project, { ...request, taken })),
  );
  const ready = prepared.filter((each): each is Prepared => each !== undefined);
  const jobs = await dumpJobs(context.host);
  const finished = await finish(context, engine, all, ready, jobs);
  for (const each of finished)
    await unless(problems, each.project, async () => void report(context, say, each, problems, request.dry));
  for (const job of jobs.filter((each) => !all.some((project) => isAbout(each, project))))
    say(`The cron job in ${job.place} dumps with ${job.program}: whose data it is does not show, so it is in no draft`);
  conclude(say, finished.length, wanted.length - open.length, problems, request.dry);
  return 0;
}

function chosen(all: readonly Project[], names: readonly string[]): readonly Project[] {
  const unknown = names.filter((name) => !all.some((each) => each.name === name));
  if (unknown.length > 0)
    throw badInput({
      what: `there is no Compose project ${unknown.map((name) => JSON.stringify(name.slice(0, 80))).join(', ')}`,
      hint: `There are: ${all.map(({ name }) => name).join(', ') || 'none'}`,
    });
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

const sharesFile = (a: Project, b: Project): boolean => a.files.some((file) => b.files.includes(file));

/** Compose project -> service, of the packages that are there. */
function knownProjects({ host, paths, env }: Context): Map<string, string> {
  const known = new Map<string, string>();
  for (const name of host.files.list(join(paths.root, 'packages'))) {
    const text = host.files.readText(join(paths.root, 'packages', name, 'manifest.yaml'), { follow: true });
    if (text === undefined) continue;
    const project = /^ *(?:compose: *\{ *)?project: *['"]?([a-z0-9][a-z0-9_-]*)/m.exec(text)?.[1];
    known.set(project ?? `${env.CONTAINER_PREFIX ?? ''}${name}`, name);
  }
  return known;
}

/** What is wrong with one project is said in the end, and keeps no other from being drafted. */
async function unless<T>(problems: Problem[], project: Project, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ReleaseError)) {
      if (!isSystemError(error)) throw error;
      problems.push({ project: project.name, what: error.message, mend: 'draft as root, or let this user read it' });
      return undefined;
    }
    const { what, where, details = [], hint = '' } = error.facts;
    const lines = [`${what}${where === undefined ? '' : ` (${where})`}`, ...details.slice(-3)];
    problems.push({ project: project.name, what: lines.join('; '), mend: [hint].flat().join(' ') });
    return undefined;
  }
}

/** Of the operating system: a file that may not be read, and so on. */
const isSystemError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;

function report(
  context: Context,
  say: (line: string) => void,
  { project, service, files, notes, problem, envLines }: Finished,
  problems: Problem[],
  dry: boolean,
): void {
  const folder = join(context.paths.root, 'packages', service);
  const { files: disk } = context.host;
  const foreign = files.find(({ path, text }) => {
    const there =
      disk.stat(join(folder, path)) === undefined ? undefined : disk.readText(join(folder, path), { follow: true });
    return there !== undefined && there !== text;
  });
  if (foreign !== undefined)
    throw refused({
      what: `packages/${service}/${foreign.path} is there already, and is another one`,
      hint: 'Nothing is overwritten: move it away, then draft again.',
    });
  for (const { path, text } of dry ? [] : files) {
    const file = join(folder, path);
    if (disk.stat(file) !== undefined) continue;
    disk.mkdir(dirname(file), { mode: 0o755 });
    disk.replace(file, text, { mode: 0o644 });
  }
  const guesses = files.find(({ path }) => path === 'manifest.yaml')?.text.match(/# guessed: /g)?.length ?? 0;
  say(
    `${project.name}: packages/${service}${dry ? ' would be written' : ''}, ${guesses} guess${guesses === 1 ? '' : 'es'}`,
  );
  for (const note of notes) say(`  ${note}`);
  for (const line of envLines) say(`  into .env: ${line}`);
  if (problem !== undefined) problems.push({ project: project.name, ...problem });
}

function conclude(
  say: (line: string) => void,
  drafted: number,
  before: number,
  problems: readonly Problem[],
  dry: boolean,
): void {
  const count = `${drafted} drafted, ${before} there before`;
  const next = dry
    ? 'Nothing was written.'
    : 'Next: grep -rn guessed packages, mend what is guessed wrong, then just release-adopt --dry-run';
  if (problems.length === 0) {
    say(`${count}. ${next}`);
    return;
  }
  throw refused({
    what: `${problems.length} project${problems.length === 1 ? '' : 's'} could not be drafted as they run (${count})`,
    details: problems.flatMap(({ project, what, mend }) => [
      `${project}: ${what}`,
      ...(mend === '' ? [] : [`    -> ${mend}`]),
    ]),
    hint: next,
  });
}
