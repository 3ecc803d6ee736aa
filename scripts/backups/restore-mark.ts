// The mark of a restore that is under way: what it must remember beyond what the data itself shows. One a service, beside its backups.
import { join } from 'node:path';
import { z } from 'zod';
import type { Host } from '../host/port.ts';
import { refused } from '../model/error.ts';

const WORK = '.restore-';
const MARK = 'restore.json';

const shape = z.object({
  stamp: z.string(),
  startedAt: z.string(),
  /** Components that ran, and have to run again. */
  ran: z.array(z.string()),
  /** Stamp of the backup of the state before; absent: none was wanted. */
  before: z.string().optional(),
  /** Only these items are restored; absent: all. */
  only: z.literal('config').optional(),
  /** `settling`: it is healthy, only the old content is still to go. `undoing`: on its way back. */
  stage: z.enum(['restoring', 'settling', 'undoing']),
});

export type RestoreMark = z.infer<typeof shape>;

export const workFolder = (dir: string, service: string, stamp: string): string =>
  join(dir, service, `${WORK}${stamp}`);

/** The commands that end a restore as it was begun, or take it back. */
export function endings(service: string, { stamp, only }: RestoreMark): { finish: string; undo: string } {
  const restore = `just release-restore ${service} ${stamp}`;
  return { finish: `${restore}${only === 'config' ? ' --skip-data' : ''}`, undo: `${restore} --undo` };
}

/** The same as lines of a hint, with what each does. */
export function endingLines(
  service: string,
  mark: RestoreMark,
  does = { finish: 'finish it', undo: 'or put back what was there before' },
): { finish: string; undo: string } {
  const { finish, undo } = endings(service, mark);
  const width = Math.max(finish.length, undo.length);
  return { finish: `${finish.padEnd(width)}    # ${does.finish}`, undo: `${undo.padEnd(width)}    # ${does.undo}` };
}

/** The restore of a service that has not come to its end; undefined: none. @throws refused where its mark is not readable. */
export function unfinishedRestore(host: Host, dir: string, service: string): RestoreMark | undefined {
  for (const name of host.files.list(join(dir, service))) {
    if (!name.startsWith(WORK)) continue;
    const path = join(dir, service, name, MARK);
    const text = host.files.readText(path);
    if (text === undefined) continue;
    const parsed = shape.safeParse(parse(text));
    if (parsed.success) return parsed.data;
    throw refused({
      what: `${path} is not as it was written, so that it is not known how far a restore of ${service} came`,
      hint: 'Look for asd-old-* beside the data; what is live and what is old is named there.',
    });
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return String(error);
  }
}

export function writeMark(host: Host, dir: string, service: string, mark: RestoreMark): void {
  const folder = workFolder(dir, service, mark.stamp);
  host.files.mkdir(folder);
  host.files.sync(join(dir, service));
  host.files.replace(join(folder, MARK), `${JSON.stringify(mark, undefined, 2)}\n`);
}

/** The restore is over. The mark goes first: a folder without one is none. */
export function removeMark(host: Host, dir: string, service: string, stamp: string): void {
  const folder = workFolder(dir, service, stamp);
  host.files.remove(join(folder, MARK));
  host.files.remove(folder);
}

/** @throws refused where a restore of the service is unfinished: what lies there is neither the one state nor the other. */
export function refuseUnfinished(host: Host, dir: string, service: string): void {
  const mark = unfinishedRestore(host, dir, service);
  if (mark === undefined) return;
  const { finish, undo } = endingLines(service, mark);
  throw refused({
    what: `a restore of ${service} (backup ${mark.stamp}) was begun and has not come to its end`,
    hint: [finish, undo],
  });
}
