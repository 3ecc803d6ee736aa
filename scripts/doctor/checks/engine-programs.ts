// The engine's own Bun and just: there, running, and of the pinned version.
import { dirname, join } from 'node:path';
import { shellWord } from '../../backups/shell.ts';
import { ownProgram } from '../../host/own-program.ts';
import { type Check, type Finding, fail, mend, pass, warn } from '../check.ts';
import type { Patient } from '../patient.ts';
import { versionOf } from '../version.ts';

export const bun: Check = { id: 'bun', look: (at) => lookAt(at, 'bun', 'bun') };

export const just: Check = {
  id: 'just',
  async look(at) {
    const findings = await lookAt(at, 'just', 'rust-just');
    if (findings.some(({ outcome }) => outcome === 'fail')) return findings;
    const found = at.host.exec.which('just');
    const link = mend(`${bootstrap(at)} --link`, 'make just and bun work everywhere');
    if (found === undefined) return [...findings, warn('just is not on PATH', link)];
    const folder = dirname(found);
    if (isThereWithoutLogin(at, folder)) return findings;
    return [
      ...findings,
      warn(`just is in ${folder}, where ssh HOST 'just ...', which reads no profile, does not look`, link),
    ];
  },
};

/** What sshd gives a command, on every distribution; what bash reads for it, too, is the user's. */
const WITHOUT_LOGIN = '/usr/local/bin:/usr/bin:/bin';
const READ_BY_BASH = '.bashrc';

function isThereWithoutLogin({ host }: Patient, folder: string): boolean {
  if (host.exec.which('just', WITHOUT_LOGIN) !== undefined) return true;
  const { HOME } = host.machine.env;
  if (HOME === undefined) return false;
  const names = [folder, ...(folder.startsWith(`${HOME}/`) ? [`$HOME${folder.slice(HOME.length)}`] : [])];
  const lines = (host.files.readText(join(HOME, READ_BY_BASH), { follow: true }) ?? '').split('\n');
  return lines.some((line) => /^\s*(?:export\s+)?PATH=/.test(line) && names.some((name) => line.includes(name)));
}

const bootstrap = ({ paths }: Patient): string => shellWord(join(paths.engine, 'bootstrap'));

async function lookAt(at: Patient, name: 'bun' | 'just', packed: string): Promise<Finding[]> {
  const { host, paths } = at;
  const again = mend(bootstrap(at), `install the pinned ${name}`);
  const text = host.files.readText(join(paths.engine, 'package.json')) ?? '{}';
  const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
  const wanted = dependencies[packed] ?? '';
  const program = ownProgram(host, paths.engine, name);
  if (program === undefined) return [fail(`the engine in ${paths.engine} has no ${name} of its own`, again)];
  const found = await versionOf(at, [program, '--version']);
  if (found === undefined) return [fail(`${program} does not run`, again)];
  return [found === wanted ? pass(`${name} ${found}`) : fail(`${program} is ${found}, pinned is ${wanted}`, again)];
}
