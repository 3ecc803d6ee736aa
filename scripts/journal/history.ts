// How long things took on this host: medians over the logs of its last released releases.
import { join } from 'node:path';
import type { HostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { ReleaseError } from '../model/error.ts';
import type { LoggedEvent } from '../model/event.ts';
import { isTicket } from '../model/names.ts';
import { listArchives } from './archive.ts';
import { readLog } from './log.ts';
import { project, words } from './project.ts';

const RELEASES = 10;
/** Logs that are looked into to find them; halted and abandoned releases say nothing of how long one takes. */
const LOOKED_AT = 40;

export interface ServiceHistory {
  /** Sum of the service's own steps, seconds. */
  durationS?: number;
  downtimeS?: number;
  pauseS?: number;
}

export interface History {
  /** Empty where no earlier release tells. */
  service(name: string): ServiceHistory;
  /** Start to released, seconds: of releases with as many services, else of all; undefined where there are none. */
  releaseS(services: number): number | undefined;
}

interface Run {
  services: number;
  /** undefined where the release halted in between: that wait was a person's. */
  durationS: number | undefined;
  byService: Map<string, ServiceHistory>;
}

/** Reads at most 40 logs, newest first. */
export function history(host: Host, paths: HostPaths): History {
  const runs: Run[] = [];
  for (const log of newestLogs(host, paths)) {
    if (runs.length === RELEASES) break;
    const run = readRun(host, log);
    if (run) runs.push(run);
  }
  return {
    service(name) {
      const found = runs.map((run) => run.byService.get(name)).filter((times) => times !== undefined);
      const of = (key: keyof ServiceHistory) => median(found.map((times) => times[key]));
      const [durationS, downtimeS, pauseS] = [of('durationS'), of('downtimeS'), of('pauseS')];
      return {
        ...(durationS === undefined ? {} : { durationS }),
        ...(downtimeS === undefined ? {} : { downtimeS }),
        ...(pauseS === undefined ? {} : { pauseS }),
      };
    },
    releaseS(services) {
      const alike = median(runs.filter((run) => run.services === services).map((run) => run.durationS));
      return alike ?? median(runs.map((run) => run.durationS));
    },
  };
}

/** Where it was done, whatever time people took to confirm it. */
const isVerified = ({ phase, event }: LoggedEvent): boolean =>
  event === 'released' || (phase === 'confirm' && event === 'start');

function newestLogs(host: Host, paths: HostPaths): string[] {
  const names = host.files.list(paths.releases).filter((name) => name.endsWith('.log') && isTicket(name.slice(0, -4)));
  const current = names.map((name) => join(paths.releases, name));
  return [...current, ...listArchives(host, paths).map((archive) => archive.log)]
    .map((path) => ({ path, stat: host.files.stat(path) }))
    .filter(({ stat }) => stat?.kind === 'file')
    .sort((a, b) => (b.stat?.mtimeMs ?? 0) - (a.stat?.mtimeMs ?? 0))
    .slice(0, LOOKED_AT)
    .map(({ path }) => path);
}

function readRun(host: Host, path: string): Run | undefined {
  const events = logOf(host, path);
  if (project(events)?.releaseStatus !== 'released') return undefined;
  const begins = events.findLastIndex((event) => event.phase === 'prepare' && event.event === 'start');
  if (begins < 0) return undefined;
  const run = events.slice(begins);
  const byService = new Map<string, ServiceHistory>();
  for (const { event, fields } of run) {
    if (event === 'step-done' && fields.service)
      byService.set(fields.service, add(byService.get(fields.service) ?? {}, fields));
  }
  const start = run[0];
  const end = run.find(isVerified);
  const halted = run.some(({ event }) => event === 'failed' || event === 'stopped' || event === 'resumed');
  const tookS = start && end && !halted ? (Date.parse(end.time) - Date.parse(start.time)) / 1000 : -1;
  const services = words(start?.fields.services).length;
  // A clock that was set back in between tells nothing.
  return { services, durationS: tookS >= 0 ? tookS : undefined, byService };
}

/** An estimate is worth no error: a log that cannot be read counts as none. */
function logOf(host: Host, path: string): LoggedEvent[] {
  try {
    const { events, broken } = readLog(host, path);
    return broken ? [] : events;
  } catch (error) {
    if (error instanceof ReleaseError) return [];
    throw error;
  }
}

function add(times: ServiceHistory, fields: Record<string, string>): ServiceHistory {
  const sum = (key: keyof ServiceHistory, field: string | undefined): ServiceHistory => {
    const match = /^(\d+(?:\.\d+)?)s$/.exec(field ?? '');
    return match ? { [key]: (times[key] ?? 0) + Number(match[1]) } : {};
  };
  const downtime = fields.step === 'up' ? sum('downtimeS', fields.downtime) : {};
  const pause = fields.step === 'backup' ? sum('pauseS', fields.paused) : {};
  return { ...times, ...sum('durationS', fields.duration), ...downtime, ...pause };
}

function median(values: Array<number | undefined>): number | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const middle = Math.floor(known.length / 2);
  const upper = known[middle];
  const lower = known.length % 2 === 0 ? known[middle - 1] : upper;
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}
