// Ports: one service each, and none that something else listens on while its service is down.
import { shellWord } from '../../backups/shell.ts';
import { type Listener, listeners } from '../../host/listeners.ts';
import { crossRules, resolvedPort } from '../../manifest/cross.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { RunningComponent } from '../../runtimes/runtime.ts';
import { type Check, type Finding, fail, type Mend, mend, pass } from '../check.ts';
import type { Patient } from '../patient.ts';
import { setVariable } from '../variable.ts';
import { NEXT_RELEASE } from './settings.ts';

const FIRST_FREE = 20_000;
const DOCKERS_PROXY = 'docker-proxy';

export const ports: Check = {
  id: 'ports',
  async look(at) {
    const all = at.packages.map(({ manifest }) => manifest);
    const listening = listeners(at.host);
    const clashes = crossRules(all, at.env).map((line) => fail(line, ...elsewhere(at, all, line, listening)));
    const taken = await at.each(at.services, (service) => takenPorts(at, service, listening));
    const findings = [...clashes, ...taken.flat()];
    return findings.length > 0 ? findings : [pass(`${all.flatMap((m) => m.ports).length} ports, each of one service`)];
  },
};

/** Another port for the last service of a clash, by its variable in `.env`; names and projects are the manifests' business. */
function elsewhere(
  at: Patient,
  all: readonly ServiceManifest[],
  line: string,
  listening: ReadonlyMap<number, unknown>,
): Mend[] {
  const variable = [...line.matchAll(/(?:\((?:the default of )?|: )([A-Za-z_][A-Za-z0-9_]*)(?: in \.env)?/g)].at(
    -1,
  )?.[1];
  if (variable === undefined || !all.some((m) => m.ports.some(({ env }) => env === variable))) return [NEXT_RELEASE];
  const used = new Set(all.flatMap((m) => m.ports.map((port) => resolvedPort(port, at.env))));
  let port = FIRST_FREE;
  while (used.has(port) || listening.has(port)) port += 1;
  return [setting(at, variable, port)];
}

const setting = ({ env }: Patient, variable: string, port: number): Mend =>
  env[variable] === undefined
    ? setVariable(variable, String(port), 'give it a port of its own')
    : mend(`sed -i ${shellWord(`s/^${variable}=.*/${variable}=${port}/`)} .env`, 'give it a port of its own');

interface Busy {
  number: number;
  env: string;
  owners: Listener[];
}

async function takenPorts(
  at: Patient,
  service: ServiceManifest,
  listening: ReturnType<typeof listeners>,
): Promise<Finding[]> {
  const busy = service.ports.flatMap((port): Busy[] => {
    const number = resolvedPort(port, at.env);
    const by = number === undefined ? undefined : listening.get(number);
    return number === undefined || by === undefined ? [] : [{ number, env: port.env, owners: by() }];
  });
  if (busy.length === 0) return [];
  const runs = await at.running(service).catch((error: unknown) => {
    // Where its file does not resolve, another check says so; here it counts as running, so that nothing wrong is said.
    if (error instanceof Error) return undefined;
    throw error;
  });
  // Who runs in all its parts has what it needs, whoever listens for it.
  if (runs === undefined || (runs.length > 0 && runs.every(({ running }) => running))) return [];
  const found = await Promise.all(
    busy.map(async (port): Promise<Finding[]> => {
      const byOthers = () => (runs.some(({ running }) => running) ? undefined : byProcess(service, port));
      const held = isDockers(port) ? await byDocker(at, service, port, runs) : byOthers();
      if (held === undefined) return [];
      return [fail(held.what, ...held.mends, setting(at, port.env, freePort(listening)))];
    }),
  );
  return found.flat();
}

const isDockers = ({ owners }: Busy): boolean =>
  owners.length > 0 && owners.every(({ name }) => name === DOCKERS_PROXY);

type Held = { what: string; mends: Mend[] };

/** Docker listens for its containers; that it does so for none is what a dockerd that was killed may leave, and only its end undoes. */
async function byDocker(
  at: Patient,
  service: ServiceManifest,
  { number }: Busy,
  runs: readonly RunningComponent[],
): Promise<Held | undefined> {
  const holders = await at.docker().publishers(number);
  if (holders.some(({ id }) => runs.some(({ instance }) => instance === id))) return undefined;
  const what = `port ${number} of ${service.name}, which does not have it, is held by`;
  if (holders.length === 0)
    return {
      what: `${what} Docker, for a container that is gone`,
      mends: [mend('systemctl restart docker', 'restart Docker; without live-restore, all containers stop meanwhile')],
    };
  const names = holders.map(({ name }) => name);
  return {
    what: `${what} ${holders.length === 1 ? 'the container' : 'the containers'} ${names.join(', ')}`,
    mends: [mend(`docker stop ${names.map(shellWord).join(' ')}`, `stop ${names.join(', ')}`)],
  };
}

function byProcess(service: ServiceManifest, { number, owners }: Busy): Held {
  const whose = owners.map(({ pid, name }) => `${name} (process ${pid})`).join(', ');
  return {
    what: `port ${number} of ${service.name}, which does not run, is held by ${whose || 'a process that we may not see'}`,
    mends: owners.length > 0 ? [mend(`kill ${owners.map(({ pid }) => pid).join(' ')} && sleep 1`, `end ${whose}`)] : [],
  };
}

function freePort(listening: ReadonlyMap<number, unknown>): number {
  let port = FIRST_FREE;
  while (listening.has(port)) port += 1;
  return port;
}
