// Notices that are on their way, one file for each webhook. What is found there under the lock is of an engine that was killed: nobody sends it any more.
import { join } from 'node:path';
import type { HostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { errorCode } from '../host/safe-open.ts';
import { ReleaseError } from '../model/error.ts';
import { NOTICE_SCHEMA, NOTICES, type NoticeBody } from '../model/notice.ts';

export interface Waiting {
  /** Name of the webhook: its address, which may hold a secret, is not written down. */
  webhook: string;
  body: NoticeBody;
}

/** @returns forgets it: it was delivered, or given up. @throws the error of the disk. */
export function keepNotice(host: Host, paths: Pick<HostPaths, 'notices'>, waiting: Waiting): () => void {
  host.files.mkdir(paths.notices);
  // In the order of their events, which have whole seconds.
  const at = `${Date.parse(waiting.body.time)}-${Math.round(host.clock.monotonicMs() * 1000)}-${host.machine.random(4)}`;
  const file = join(paths.notices, at);
  host.files.replace(file, `${JSON.stringify(waiting)}\n`);
  return () => host.files.remove(file);
}

/** Under the lock, before anything is said. The oldest first; what is no notice goes. */
export function leftNotices(host: Host, paths: Pick<HostPaths, 'notices'>): Array<Waiting & { forget(): void }> {
  return host.files
    .list(paths.notices)
    .toSorted()
    .flatMap((name) => {
      const file = join(paths.notices, name);
      const forget = () => host.files.remove(file);
      const waiting = read(host, file);
      if (waiting !== undefined) return [{ ...waiting, forget }];
      forget();
      return [];
    });
}

function read(host: Host, file: string): Waiting | undefined {
  try {
    const { webhook, body } = (JSON.parse(host.files.readText(file) ?? '') ?? {}) as Partial<Waiting>;
    const isWhole =
      typeof webhook === 'string' && body?.schema === NOTICE_SCHEMA && Object.hasOwn(NOTICES, body.notice);
    return isWhole ? { webhook, body } : undefined;
  } catch (error) {
    // Half of a file, a link, a folder: nobody's word for anything.
    if (error instanceof SyntaxError || error instanceof ReleaseError || errorCode(error) === 'EISDIR')
      return undefined;
    throw error;
  }
}
