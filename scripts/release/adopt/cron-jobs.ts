// The cron jobs of this host that dump databases: of the system, and of this user.
import { join } from 'node:path';
import { type CronJob, cronJobs, type DumpJob, dumpJob } from '../../draft/cron.ts';
import { cleanEnvironment } from '../../host/environment.ts';
import type { Host } from '../../host/port.ts';
import { ReleaseError } from '../../model/error.ts';

const MOST_BYTES = 256 * 1024;
const LIST_MS = 10_000;

/** @param etc where the system's own tables are. What may not be read is passed over: a look at habits refuses nothing. */
export async function dumpJobs(host: Host, etc = '/etc'): Promise<DumpJob[]> {
  const folder = join(etc, 'cron.d');
  const names = orUndefined(() => host.files.list(folder)) ?? [];
  const files = [join(etc, 'crontab'), ...names.map((name) => join(folder, name))];
  const system = files.flatMap((file) => cronJobs(readable(host, file) ?? '', file, true));
  const jobs = [...system, ...(await ownJobs(host))];
  return jobs.flatMap((job) => dumpJob(job, (path) => scriptAt(host, path)) ?? []);
}

async function ownJobs(host: Host): Promise<CronJob[]> {
  const env = cleanEnvironment(host.machine.env);
  if (host.exec.which('crontab', env.PATH) === undefined) return [];
  const { code, stdout } = await host.exec.run(['crontab', '-l'], {
    cwd: '/',
    env,
    timeoutMs: LIST_MS,
    truncate: true,
  });
  return code === 0 ? cronJobs(stdout, `the crontab of ${host.machine.user}`, false) : [];
}

/** A program that is none is not looked into. */
function scriptAt(host: Host, path: string): string | undefined {
  const text = readable(host, path);
  return text?.startsWith('#!') ? text : undefined;
}

function orUndefined<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof ReleaseError || (error instanceof Error && 'syscall' in error)) return undefined;
    throw error;
  }
}

const readable = (host: Host, path: string): string | undefined =>
  orUndefined(() => host.files.readText(path, { follow: true, maxBytes: MOST_BYTES }));
