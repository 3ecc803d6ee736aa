// Backups of each service: there is one, it is young, it was read back, and no restore was left in the middle.
import { listBackups } from '../../backups/list.ts';
import { endings, unfinishedRestore } from '../../backups/restore-mark.ts';
import { verifiedAt } from '../../backups/verified.ts';
import { type Check, type Finding, fail, mend, pass, warn } from '../check.ts';
import type { Patient } from '../patient.ts';

const DAY_MS = 86_400_000;
const OLD_DAYS = 7;
const TOO_OLD_DAYS = 30;
const DRILL_DAYS = 30;

export const backups: Check = {
  id: 'backups',
  look(at) {
    const { host, paths } = at;
    const list = listBackups(host, paths.backups);
    const wanted = at.services.filter(({ backup }) => backup.enabled).map(({ name }) => name);
    const findings = wanted.flatMap((service) => [...unfinished(at, service), ...newestOf(at, service, list.backups)]);
    const names = new Set(at.services.map(({ name }) => name));
    const bad = list.bad
      .filter(({ dir }) => names.has(dir.slice(paths.backups.length + 1).split('/')[0] ?? ''))
      .map(({ dir, why }) =>
        warn(`${dir} is no backup: ${why}`, mend('just release-backup-prune', 'remove what a killed backup left')),
      );
    return [...findings, ...bad].length > 0 ? [...findings, ...bad] : [pass('no service asks for backups')];
  },
};

function unfinished({ host, paths }: Patient, service: string): Finding[] {
  const restore = unfinishedRestore(host, paths.backups, service);
  if (restore === undefined) return [];
  const { finish, undo } = endings(service, restore);
  const says = `a restore of ${service} from ${restore.stamp} is unfinished`;
  return [fail(says, mend(finish, 'finish it'), mend(undo, 'or take it back'))];
}

function newestOf(at: Patient, service: string, all: ReturnType<typeof listBackups>['backups']): Finding[] {
  const { host } = at;
  const now = host.clock.now().getTime();
  const take = mend(`just release-backup ${service}`, 'take one now');
  const own = all.filter((each) => each.service === service);
  const [newest] = own;
  if (newest === undefined) return [fail(`${service} has no backup`, take)];
  const age = (now - Date.parse(newest.startedAt)) / DAY_MS;
  const verified = own
    .map((each) => ({ stamp: each.stamp, at: verifiedAt(host, each.dir, each) }))
    .find((each) => each.at !== '');
  const says = `${service}: the newest is ${days(age)} old`;
  if (age > TOO_OLD_DAYS) return [fail(says, take)];
  const verify = mend(`just release-backup-verify ${service}`, 'read it back');
  if (verified === undefined) return [fail(`${service}: none of its ${own.length} backups was ever read back`, verify)];
  const drill = (now - Date.parse(verified.at)) / DAY_MS;
  if (drill > DRILL_DAYS) return [fail(`${says}, and none was read back for ${days(drill)}`, verify)];
  if (age > OLD_DAYS) return [warn(says, take)];
  return [pass(`${says}; ${verified.stamp} was read back ${days(drill)} ago`)];
}

const days = (count: number): string =>
  count < 2 ? `${Math.max(0, Math.round(count * 24))} h` : `${Math.floor(count)} days`;
