// just doctor [SERVICE...]: is this host ready for a release, and what mends it where it is not. Looks only, unless told --fix.
import { dirname, join } from 'node:path';
import { toplevel } from '../host/git/repository.ts';
import type { Host } from '../host/port.ts';
import { badInput, EXIT, ReleaseError } from '../model/error.ts';
import { checkServiceName, checkTicket } from '../model/names.ts';
import { inGroups } from './in-groups.ts';
import { renderError } from './render.ts';
import { enter, type Verb } from './verb.ts';
import type { World } from './world.ts';

/** A check, or doctor as a whole, is broken. */
const BROKEN = 2;

export const verb: Verb = {
  usage: {
    verb: 'doctor',
    words: ['[SERVICE...]'],
    what: 'Whether this host is ready for a release, and the command that mends whatever is not.',
    flags: {
      fix: { type: 'boolean', what: 'run those mends that can do no harm, then look again' },
      run: { type: 'string', what: 'TICKET: instead, the commands for this failed release' },
      json: { type: 'boolean', what: 'as JSON' },
    },
  },
  mutating: false,
  check(given) {
    given.words.forEach(checkServiceName);
    const ticket = given.value('run');
    if (ticket === undefined) return;
    checkTicket(ticket);
    if (given.has('fix') || given.words.length > 0)
      throw badInput({ what: '--run is about one release; it goes with no --fix and no service' });
  },
  async run(given, world) {
    try {
      const ticket = given.value('run');
      if (ticket !== undefined) {
        const { adviseOn } = await import('./advice.ts');
        return await adviseOn(world, ticket, given.has('json'));
      }
      return await doctor(world, { only: given.words, fix: given.has('fix'), json: given.has('json') });
    } catch (error) {
      if (error instanceof ReleaseError && given.value('run') !== undefined) throw error;
      for (const line of renderError(error)) world.terminal.warn(line);
      return BROKEN;
    }
  },
};

async function doctor(world: World, asked: { only: string[]; fix: boolean; json: boolean }): Promise<number> {
  const { openPatient } = await import('../doctor/patient.ts');
  const { examine, exitOf } = await import('../doctor/examine.ts');
  const { CHECKS } = await import('../doctor/registry.ts');
  const { masked, reportJson, reportLines } = await import('../doctor/report.ts');
  const { runMends, safeMends } = await import('../doctor/fix.ts');
  const { openContext } = await import('./context.ts');
  const { isInstalled } = await import('./guard/boot.ts');
  const { host, terminal, engine } = world;
  const guarded = async () => await isInstalled(await openContext(world));
  const open = async () =>
    openPatient({ host, engine, ...(await findRoot(host)), only: asked.only, guarded, inGroups });

  let at = await open();
  const unknown = asked.only.filter((name) => !at.packages.some((each) => each.name === name));
  if (unknown.length > 0)
    throw badInput({
      what: `${unknown.join(', ')} is no installed service of this host`,
      hint: `There are: ${at.packages.map(({ name }) => name).join(', ') || 'none'}`,
    });
  let results = masked(await examine(at, CHECKS), at.secrets);
  const mends = asked.fix ? safeMends(results) : [];
  if (mends.length > 0) {
    const { readHolder } = await import('../journal/lock.ts');
    const holder = readHolder(host, at.paths);
    if (holder !== undefined) terminal.warn(`Nothing is mended while ${holder.command} runs.`);
    else {
      for (const { command, ok, tail } of await runMends(at, mends))
        terminal.warn(`${ok ? 'mended' : 'not mended'}: ${command}${ok ? '' : ` (${tail.join('; ')})`}`);
      at = await open();
      results = masked(await examine(at, CHECKS), at.secrets);
    }
  }
  for (const line of asked.json ? [reportJson(results)] : reportLines(results)) terminal.say(line);
  return exitOf(results);
}

/** Where git denies that there is a checkout, the nearest folder that has a `.git` is looked at all the same. */
async function findRoot(host: Host): Promise<{ root: string; isCheckout: boolean }> {
  const asked = host.machine.env.ASD_ROOT ?? host.machine.cwd;
  try {
    return { root: await toplevel(host, asked), isCheckout: true };
  } catch (error) {
    if (!(error instanceof ReleaseError) || error.exitCode !== EXIT.refused) throw error;
    let folder = asked;
    while (host.files.stat(join(folder, '.git')) === undefined && folder !== dirname(folder)) folder = dirname(folder);
    return { root: folder === '/' ? asked : folder, isCheckout: false };
  }
}

if (import.meta.main) void enter(verb);
