// just release-restore SERVICE STAMP: one service's data back to a backup, while its version stays.
import { basename, join } from 'node:path';
import { type RestoreReport, restoreBackup } from '../backups/restore.ts';
import { unfinishedRestore } from '../backups/restore-mark.ts';
import type { Loss } from '../backups/restore-plan.ts';
import { interpreter, runHook } from '../host/hook.ts';
import { badInput, messageOf } from '../model/error.ts';
import { checkServiceName } from '../model/names.ts';
import { formatSeconds } from '../plan/describe.ts';
import { chosen, type HandLog, type HandService, NO_TICKET, openHandLog, openService, stoppable } from './by-hand.ts';
import type { Context } from './context.ts';
import { locked } from './locked.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'release-restore',
    words: ['SERVICE', 'STAMP'],
    what: "Puts a service's data back to a backup; what is there now is backed up first.",
    flags: {
      'dry-run': { type: 'boolean', what: 'check the backup, say what would be lost; change nothing' },
      'no-pre-backup': { type: 'boolean', what: 'do not back up the present state first (where it cannot be read)' },
      undo: { type: 'boolean', what: 'put back what an unfinished restore of this backup replaced' },
      'skip-data': {
        type: 'boolean',
        what: 'end what a revert with --skip-data began: settings and files, not the data',
      },
      json: { type: 'boolean', what: 'events as NDJSON' },
    },
  },
  mutating: true,
  check(given) {
    const [service = '', stamp = ''] = given.words;
    checkServiceName(service);
    if (!/^\d{8}_\d{6}$/.test(stamp))
      throw badInput({
        what: `${JSON.stringify(stamp.slice(0, 80))} is no stamp of a backup (YYYYMMDD_HHMMSS)`,
        hint: `See: just release-backups ${service}`,
      });
  },
  run: async (given, world) =>
    await locked(world, '', `release-restore ${given.words.join(' ')}`, async (context, lock) => {
      const [name = '', stamp = ''] = given.words;
      const dryRun = given.has('dry-run');
      const [manifest] = await chosen(context, [name]);
      if (manifest === undefined) throw badInput({ what: `there is no service ${name}` });
      const skipData = given.has('skip-data');
      if (skipData && unfinishedRestore(context.host, context.paths.backups, name)?.only !== 'config')
        throw badInput({
          what: `no restore of ${name} without its data is unfinished: --skip-data only ends one`,
          hint: `With its data: just release-restore ${name} ${stamp}`,
        });
      const hand = dryRun ? undefined : openHandLog(context, lock, 'restore', given.has('json'));
      const report = await stoppable(context, async (signal) => {
        const service = await openService(context, manifest, signal);
        const folder = join(context.paths.backups, name, stamp);
        return await restore(context, service, hand, folder, {
          dryRun,
          undo: given.has('undo'),
          preBackup: !given.has('no-pre-backup'),
          ...(skipData ? { only: 'config' } : {}),
        });
      });
      if (given.has('json'))
        world.terminal.say(JSON.stringify({ event: 'report', ...report, record: undefined, stamp }));
      else for (const line of describe(name, stamp, report, skipData)) world.terminal.say(line);
      return 0;
    }),
};

async function restore(
  context: Context,
  service: HandService,
  hand: HandLog | undefined,
  folder: string,
  how: { dryRun: boolean; undo: boolean; preBackup: boolean; only?: 'config' },
): Promise<RestoreReport> {
  const { host, paths, config } = context;
  const facts = { service: service.manifest.name, stamp: basename(folder) };
  const hook = hookOf(context, service);
  const begun = new Map<string, number>();
  hand?.log('start', { ...facts, by: host.machine.user, ...(how.undo ? { undo: 'yes' } : {}) });
  try {
    const report = await restoreBackup(service.context, service.runtime, {
      ...how,
      folder,
      dir: paths.backups,
      pauseMaxMs: config.backup.pauseMaxMs,
      ...(hook === undefined ? {} : { hook }),
      onEvent(event, step, fields) {
        const now = host.clock.monotonicMs();
        if (event === 'step-start') begun.set(step, now);
        const seconds = (now - (begun.get(step) ?? now)) / 1000;
        const duration = event === 'step-done' ? { duration: `${seconds.toFixed(1)}s` } : {};
        hand?.log(event, { step, service: facts.service, ...duration, ...fields });
      },
    });
    hand?.log('done', { ...facts, outcome: report.outcome, before: report.before ?? 'none' });
    return report;
  } catch (error) {
    hand?.log('failed', { ...facts, reason: messageOf(error) });
    throw error;
  } finally {
    hand?.reporter.end();
  }
}

/** The package's own `post_data_restore`, where it has one. */
function hookOf(context: Context, { manifest }: HandService): (() => Promise<void>) | undefined {
  const { host, paths, env, secrets, mark } = context;
  const cwd = join(paths.root, 'packages', manifest.name);
  const path = ['ts', 'sh']
    .map((ending) => `scripts/post_data_restore.${ending}`)
    .find((each) => host.files.stat(join(cwd, each)) !== undefined);
  if (path === undefined) return undefined;
  return async () => {
    const engine = await host.own.openEngine(paths, host.own.engineHash);
    await runHook(host, {
      argv: interpreter(engine.bun, join(cwd, path)),
      what: `packages/${manifest.name}/${path}`,
      cwd,
      env: {
        ...env,
        ASD_TICKET: NO_TICKET,
        ASD_SERVICE: manifest.name,
        ASD_PHASE: 'restore',
        ASD_ROOT: paths.root,
        CONTAINER_PREFIX: env.CONTAINER_PREFIX ?? '',
      },
      nodePath: engine.nodePath,
      secrets,
      timeoutMs: manifest.release.timeoutMs,
      signal: new AbortController().signal,
      mark,
      outputFile: join(paths.workspace, 'post_data_restore.out'),
      onRetry: () => undefined,
    });
  };
}

function describe(
  service: string,
  stamp: string,
  { loss, before, outcome, ran }: RestoreReport,
  skipData: boolean,
): string[] {
  const lines = describeLoss(loss, outcome === 'dry-run');
  if (outcome === 'undone')
    return [`The restore of ${service} from ${stamp} is undone: its data is what it was before.`];
  if (outcome === 'dry-run')
    return [`The backup ${stamp} of ${service} is whole and would fit.`, ...lines, 'Nothing was changed.'];
  return [
    `${service} has the ${skipData ? 'settings' : 'data'} of ${stamp} again${ran.length === 0 ? '; it did not run before, and does not run now' : ', and is healthy'}.`,
    ...lines,
    ...(before === undefined ? [] : [`To take this back: just release-restore ${service} ${before}`]),
  ];
}

function describeLoss({ ageMs, rows, kept }: Loss, ahead: boolean): string[] {
  const lost = ahead ? 'would be lost' : 'is lost';
  return [
    `What was written in the ${formatSeconds(ageMs / 1000)} since that backup ${lost}.`,
    ...rows.map(
      ({ item, table, saved, now }) => `  ${item}, ${table}: ${count(saved)} in the backup, ${count(now)} now`,
    ),
    ...kept.map((name) => `  ${name} differs from the backup, and stays as it is`),
  ];
}

const count = (rows: number | undefined): string => (rows === undefined ? 'not there' : `${rows} rows`);

if (import.meta.main) void enter(verb);
