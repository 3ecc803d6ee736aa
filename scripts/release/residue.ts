// What of the host is not as prepare found it, once a revert has put everything back and seen it run: for people to read, in words.
import { join } from 'node:path';
import { parse } from 'dotenv';
import { readRecord } from '../backups/record.ts';
import { rowsSince } from '../backups/rows.ts';
import { openDocker } from '../host/docker.ts';
import { untrackedPaths } from '../host/git/untracked.ts';
import { messageOf } from '../model/error.ts';
import type { ServiceReceipt } from '../model/receipt.ts';
import type { ServicePlan } from '../model/step.ts';
import { standingOfRevert } from '../plan/due.ts';
import { touched } from '../plan/touched.ts';
import { backupContext } from './backup-context.ts';
import { resolved, subject } from './resolve.ts';
import type { Session } from './session.ts';

const DOCKER_MS = 15_000;

/** A line for each difference; what cannot be compared is one, too. Values are compared as keyed hashes, and never shown. */
export async function residue(session: Session): Promise<string[]> {
  const { plan, journal, believed } = session;
  const was = touched(plan, believed ? undefined : journal.events);
  const env = envNames(session);
  const services = plan.services.filter((s) => was.services.has(s.name));
  const each = services.map((service) => said(service.name, () => serviceResidue(session, service, env)));
  const checkout = said('the checkout', () => checkoutResidue(session));
  return [
    ...env.map((name) => `.env: ${name} is not as before`),
    ...(await checkout),
    ...(await Promise.all(each)).flat(),
    ...plan.scripts
      .filter((script) => was.scripts.has(script.path) && script.revert === undefined)
      .map(({ path }) => `${path} ran, and has no revert script: what it did beyond the backed-up data stays`),
  ];
}

async function said(what: string, look: () => Promise<string[]>): Promise<string[]> {
  try {
    return await look();
  } catch (error) {
    return [`${what} could not be compared: ${messageOf(error)}`];
  }
}

/** Names whose values differ from those that the release began with. */
function envNames({ context, receipt, keyedHash }: Session): string[] {
  const now = new Map(
    Object.entries(parse(context.host.files.readText(context.paths.envFile, { follow: true }) ?? '')),
  );
  const then = new Map(Object.entries(receipt.env));
  return [...new Set([...then.keys(), ...now.keys()])]
    .filter((name) => {
      const value = now.get(name);
      return (value === undefined ? undefined : keyedHash(value)) !== then.get(name);
    })
    .sort();
}

async function checkoutResidue({ context, receipt }: Session): Promise<string[]> {
  if (receipt.untracked === undefined) return [];
  const [then, now] = [new Set(receipt.untracked), await untrackedPaths(context.repo)];
  if (now === undefined) return ['the checkout now has thousands of files that are not in git'];
  return [
    ...now.filter((path) => !then.has(path)).map((path) => `${path} lies in the checkout, is not in git, and is new`),
    ...[...then]
      .filter((path) => !now.includes(path))
      .map((path) => `${path}, which was not in git, is gone from the checkout`),
  ];
}

async function serviceResidue(session: Session, { name, change }: ServicePlan, env: readonly string[]) {
  const of = session.receipt.services[name];
  if (of === undefined) return [];
  const volumes = (await newVolumes(session, of)).map((volume) => `${name}: its volume ${volume}, which is new, stays`);
  if (change === 'added') return volumes;
  return [
    ...(await configResidue(session, name, of, env)),
    ...volumes,
    ...(await dataResidue(session, name, of.backup?.stamp)),
  ];
}

/** Those of the new version alone that are there. */
async function newVolumes({ context }: Session, { volumesBefore = [], volumesAfter = [] }: ServiceReceipt) {
  const fresh = volumesAfter.filter((volume) => !volumesBefore.includes(volume));
  if (fresh.length === 0) return [];
  const docker = openDocker(context.host, { timeoutMs: DOCKER_MS });
  const there = await Promise.all(fresh.map((volume) => docker.volumeExists(volume)));
  return fresh.filter((_, at) => there[at]);
}

async function configResidue(session: Session, name: string, of: ServiceReceipt, env: readonly string[]) {
  if (of.configBefore === undefined) return [];
  const { document, variables } = await resolved(session, name, 'before', await subject(session, name, 'before'));
  if (session.keyedHash(document) === of.configBefore) return [];
  const through = variables.filter((variable) => env.includes(variable));
  return [
    `${name}: its resolved configuration is not as before${through.length > 0 ? `, through ${through.join(', ')} of .env` : ''}`,
  ];
}

/** Restored files were compared with the backup before they were swapped in; here it is what was written since, and what no backup had. */
async function dataResidue(session: Session, name: string, stamp: string | undefined): Promise<string[]> {
  const { context, journal } = session;
  if (stamp === undefined) return [`${name}: no backup was taken, so its data is what the new version left`];
  const { uncovered } = readRecord(context.host, join(context.paths.backups, name, stamp));
  const lost = uncovered.map((mount) => `${name}: ${mount} is in no backup: what was written there stays`);
  const { done } = standingOfRevert(journal.events);
  if (done.has(`restore-config:${name}`) && !done.has(`restore-data:${name}`))
    return [...lost, `${name}: its data is what the new version left (--skip-data)`];
  const target = await subject(session, name, 'before');
  const what = await resolved(session, name, 'before', target);
  const rows = await rowsSince(await backupContext(context, target, what), context.paths.backups, stamp);
  return [
    ...lost,
    ...rows.map(
      (r) => `${name}: ${r.item} ${r.table}: ${r.saved ?? 'not there'} rows then, ${r.now ?? 'not there'} now`,
    ),
  ];
}
