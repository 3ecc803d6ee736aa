// just release-backup-prune: what retention lets go, goes; holds are set and taken away here, too.
import { join } from 'node:path';
import { holdBackup, unholdBackup } from '../backups/holds.ts';
import { readRecord } from '../backups/record.ts';
import { badInput } from '../model/error.ts';
import { checkServiceName } from '../model/names.ts';
import { formatBytes } from '../plan/describe.ts';
import { openHandLog } from './by-hand.ts';
import type { Context } from './context.ts';
import { locked } from './locked.ts';
import { pruneBackups } from './prune-backups.ts';
import { enter, type Verb } from './verb.ts';

const BACKUP = /^([^/]+)\/(\d{8}_\d{6})$/;

export const verb: Verb = {
  usage: {
    verb: 'release-backup-prune',
    words: [],
    what: "Removes backups by each manifest's retention, never one that is needed; with them the images kept for them.",
    flags: {
      'dry-run': { type: 'boolean', what: 'only say what would go' },
      hold: { type: 'string', what: 'SERVICE/STAMP: never remove this one (needs --reason); removes nothing' },
      unhold: { type: 'string', what: 'SERVICE/STAMP: take the hold away; removes nothing' },
      reason: { type: 'string', what: 'why it is held' },
      json: { type: 'boolean', what: 'events as NDJSON' },
    },
  },
  mutating: true,
  check(given) {
    for (const flag of ['hold', 'unhold']) {
      const word = given.value(flag);
      if (word === undefined) continue;
      const [, service] = BACKUP.exec(word) ?? [];
      if (service === undefined) throw badInput({ what: `--${flag} is SERVICE/STAMP, as release-backups lists them` });
      checkServiceName(service);
    }
    if (given.value('hold') !== undefined && (given.value('reason') ?? '').trim() === '')
      throw badInput({ what: "--hold needs --reason='...', which is listed with the backup" });
  },
  run: async (given, world) =>
    await locked(world, '', 'release-backup-prune', async (context, lock) => {
      const [hold, unhold, dryRun] = [given.value('hold'), given.value('unhold'), given.has('dry-run')];
      if (hold !== undefined || unhold !== undefined) {
        if (hold !== undefined) holdBackup(context.host, folderOf(context, hold), given.value('reason') ?? '');
        if (unhold !== undefined) unholdBackup(context.host, folderOf(context, unhold));
        const { log, reporter } = openHandLog(context, lock, 'backup', given.has('json'));
        if (hold !== undefined) log('notice', { held: hold, reason: given.value('reason') ?? '' });
        if (unhold !== undefined) log('notice', { unheld: unhold });
        reporter.end();
        return 0;
      }
      const report = await pruneBackups(context, { dryRun });
      const does = dryRun ? 'would be removed' : 'removed';
      const say = (line: string) => given.has('json') || world.terminal.say(line);
      for (const { service, stamp, bytes } of report.removed)
        say(`${does}: ${service} ${stamp}, ${formatBytes(bytes)}`);
      for (const dir of report.partial) say(`${does}: ${dir}, never completed`);
      for (const tag of report.tags) say(`${does}: image tag ${tag}`);
      for (const notice of report.notices) say(`Notice: ${notice}`);
      if (report.removed.length + report.partial.length === 0) say('Nothing to remove.');
      if (given.has('json')) world.terminal.say(JSON.stringify(report));
      if (dryRun || report.removed.length === 0) return 0;
      const { log, reporter } = openHandLog(context, lock, 'backup', given.has('json'));
      for (const { service, stamp } of report.removed) log('notice', { pruned: `${service}/${stamp}` });
      reporter.end();
      return 0;
    }),
};

function folderOf(context: Context, word: string): string {
  const folder = join(context.paths.backups, word);
  readRecord(context.host, folder);
  return folder;
}

if (import.meta.main) void enter(verb);
