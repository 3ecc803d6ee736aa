import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { ticketPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { archiveRecords, claimRecords, listArchives } from './archive.ts';
import { RELEASE, releaseLog, type World, withWorld, writeRelease } from './fixture.ts';
import { openLog, readLog } from './log.ts';
import { project } from './project.ts';
import { listReleases } from './records.ts';
import { writeState } from './state.ts';

/** A release with all its records; the plan names the run, to tell them apart. */
function release({ host, paths }: World, ticket: string, run: string): void {
  const files = claimRecords(host, paths, ticket);
  writeRelease(openLog(host, files.log, ticket));
  const state = project(readLog(host, files.log).events);
  if (state) writeState(host, files.state, state);
  host.files.replace(files.receipt, run);
  host.files.mkdir(files.records);
  host.files.replace(files.plan, run);
}

const runs = ({ host, paths }: World) =>
  listArchives(host, paths).map((archive) => [
    archive.folder.slice(paths.releases.length + 1),
    host.files.readText(join(archive.records, 'plan.json')),
    host.files.list(archive.folder).join(' '),
  ]);

const ALL = 'archive.env receipt.json records release.log state.env';

test('the records of a finished release make room, run after run', () =>
  withWorld((world) => {
    const { host, paths } = world;
    expect(archiveRecords(host, paths, '1')).toBeUndefined();
    for (const run of ['first', 'second']) {
      release(world, '1', run);
      archiveRecords(host, paths, '1');
    }
    release(world, '1', 'third');
    expect(runs(world)).toEqual([
      ['1.1', 'first', ALL],
      ['1.2', 'second', ALL],
    ]);
    expect(host.files.list(paths.releases)).toEqual(['1', '1.1', '1.2', '1.env', '1.log', '1.receipt.json']);
    const listed = listReleases(host, paths, { archives: true });
    expect(
      listed.map(({ ticket, archive, verdict, state }) => [ticket, archive, verdict, state?.releaseStatus]),
    ).toEqual([
      ['1', undefined, 'same', 'released'],
      ['1', 1, 'same', 'released'],
      ['1', 2, 'same', 'released'],
    ]);
    expect(listReleases(host, paths).length).toBe(1);
  }));

test('a ticket that is called like an archive of another keeps its own records, and so does the other', () =>
  withWorld((world) => {
    const { host, paths } = world;
    release(world, '1', 'first of 1');
    archiveRecords(host, paths, '1');
    release(world, '1.1', 'first of 1.1');
    expect(runs(world)).toEqual([['1.2', 'first of 1', ALL]]);
    release(world, '1', 'second of 1');
    expect(archiveRecords(host, paths, '1')).toBe(join(paths.releases, '1.3'));
    expect(archiveRecords(host, paths, '1.1')).toBe(join(paths.releases, '1.1.1'));
    expect(runs(world).map(([, run]) => run)).toEqual(['first of 1.1', 'first of 1', 'second of 1']);
  }));

test('an archive does not take the name of a ticket that is there', () =>
  withWorld((world) => {
    const { host, paths } = world;
    release(world, '1.1', 'run');
    release(world, '1', 'run');
    expect(archiveRecords(host, paths, '1')).toBe(join(paths.releases, '1.2'));
    expect(listReleases(host, paths).map((entry) => entry.ticket)).toEqual(['1.1']);
  }));

test('a state file that was rebuilt while its archive was interrupted replaces nothing in it', () =>
  withWorld((world) => {
    const { host, paths } = world;
    release(world, '1', 'run');
    const { state } = ticketPaths(paths, '1');
    const text = host.files.readText(state) ?? '';
    let renames = 0;
    const rename = (from: string, to: string) => {
      renames += 1;
      if (renames > 1) throw new Error('killed');
      host.files.rename(from, to);
    };
    expect(() => archiveRecords({ ...host, files: { ...host.files, rename } }, paths, '1')).toThrow('killed');
    host.files.replace(state, `${text}NOTE=rebuilt\n`);
    expect(archiveRecords(host, paths, '1')).toBe(join(paths.releases, '1.2'));
    const [first, second] = listArchives(host, paths).map((archive) => host.files.readText(archive.state));
    expect([first, second]).toEqual([text, `${text}NOTE=rebuilt\n`]);
  }));

test('tickets whose files and folders would meet are refused, not mixed', () =>
  withWorld((world) => {
    const { host, paths } = world;
    release(world, '1', 'run');
    for (const ticket of ['1.log', '1.env', '1.receipt.json']) {
      expect(() => claimRecords(host, paths, ticket)).toThrow('a file is where the engine keeps a folder');
    }
    release(world, '2.log', 'run');
    expect(() => claimRecords(host, paths, '2')).toThrow(join(paths.releases, '2.log'));
    // No ticket is called so: what has such a name is no release.
    expect(listReleases(host, paths).map((entry) => entry.ticket)).toEqual(['1']);
  }));

test('killed at any of its writes, the archive is whole after the next run, and nothing is lost', () => {
  const CHANGES = ['mkdir', 'replace', 'rename', 'sync'] as const;
  for (let killAt = 0, killed = true; killed; killAt += 1) {
    withWorld((world) => {
      const { host, paths } = world;
      release(world, '1', 'first');
      let left = killAt;
      killed = false;
      const files: Host['files'] = { ...host.files };
      for (const name of CHANGES) {
        const real = host.files[name] as (...args: unknown[]) => void;
        files[name] = (...args: unknown[]) => {
          left -= 1;
          if (left < 0) {
            killed = true;
            throw new Error('killed');
          }
          real(...args);
        };
      }
      try {
        archiveRecords({ ...host, files }, paths, '1');
      } catch (error) {
        expect(error).toEqual(new Error('killed'));
      }
      const finished = listReleases(host, paths).find((entry) => entry.ticket === '1');
      if (finished?.state) archiveRecords(host, paths, '1');
      release(world, '1', 'second');
      archiveRecords(host, paths, '1');
      expect(runs(world)).toEqual([
        ['1.1', 'first', ALL],
        ['1.2', 'second', ALL],
      ]);
    });
  }
});

test('what is damaged is listed with what is wrong, and hides nothing else', () =>
  withWorld((world) => {
    const { host, paths } = world;
    for (const ticket of ['1', '2', '3', '4', '5', '6']) release(world, ticket, 'run');
    const state = (ticket: string) => ticketPaths(paths, ticket).state;
    const log = (ticket: string) => ticketPaths(paths, ticket).log;
    host.files.replace(state('1'), 'PHASE=');
    host.files.replace(log('2'), Buffer.concat([releaseLog(RELEASE.slice(0, 3)), Buffer.from('2026-05')]));
    host.files.remove(state('3'));
    host.files.remove(log('4'));
    host.files.append(log('5'), 'a note\n');
    host.files.replace(state('6'), (host.files.readText(state('6')) ?? '').replace('=released', '=halted'));
    host.files.symlink('/etc/passwd', log('7'));
    host.files.replace(join(paths.releases, 'notes.txt'), '');
    const listed = listReleases(host, paths);
    expect(listed.map(({ ticket, verdict, state: at }) => [ticket, verdict, at?.releaseStatus])).toEqual([
      ['1', 'unreadable', 'released'],
      ['2', 'edited', 'running'],
      ['3', 'rebuilt', 'released'],
      ['4', 'file-only', 'released'],
      ['5', 'same', 'released'],
      ['6', 'edited', 'released'],
      ['7', 'unreadable', undefined],
    ]);
    expect(listed[0]?.problem?.facts).toMatchObject({ what: 'SCHEMA is missing', where: state('1') });
    expect(listed[1]?.torn).toBe('2026-05');
    expect(listed[4]?.broken).toMatchObject({ line: RELEASE.length + 1 });
    expect(listed[5]?.differences).toEqual(['RELEASE_STATUS: file says halted, log says released']);
    expect(listed[6]?.problem?.facts.where).toBe(log('7'));
  }));

test('files that are as they were are read once; one that was written, edited or taken away is read again', () =>
  withWorld((world) => {
    const { paths } = world;
    const asked: string[] = [];
    const host: Host = {
      ...world.host,
      files: {
        ...world.host.files,
        readRange(path, offset, length) {
          asked.push(path);
          return world.host.files.readRange(path, offset, length);
        },
      },
    };
    for (const ticket of ['1', '2']) release(world, ticket, 'a run');
    const [first, second] = [ticketPaths(paths, '1'), ticketPaths(paths, '2')];
    const verdicts = () => {
      asked.length = 0;
      return [listReleases(host, paths).map(({ verdict }) => verdict), [...asked]];
    };
    expect(verdicts()).toEqual([
      ['same', 'same'],
      [first.log, second.log],
    ]);
    expect(verdicts()).toEqual([['same', 'same'], []]);
    openLog(world.host, first.log, '1').append('verify', 'notice', { reason: 'more' });
    expect(verdicts()).toEqual([['rebuilt', 'same'], [first.log]]);
    const state = world.host.files.readText(second.state) ?? '';
    world.host.files.replace(second.state, state.replace('BRANCH=main', 'BRANCH=mine'));
    expect(verdicts()).toEqual([['rebuilt', 'edited'], [second.log]]);
    world.host.files.remove(second.state);
    expect(verdicts()).toEqual([['rebuilt', 'rebuilt'], [second.log]]);
  }));
