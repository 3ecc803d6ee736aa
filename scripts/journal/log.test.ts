import { expect, test } from 'bun:test';
import { join } from 'node:path';
import fc from 'fast-check';
import { BASE, memoryHost, RELEASE, releaseLog, withWorld, writeRelease } from './fixture.ts';
import { openLog, readLog } from './log.ts';

const whole = releaseLog();
const events = readLog(memoryHost({ bytes: whole }), '/log').events;
const read = (bytes: Uint8Array) => readLog(memoryHost({ bytes }), '/log');

test('a log on disk reads back as it was written, and grows from where it ended', () =>
  withWorld(({ host, paths }) => {
    const path = join(paths.releases, '1234.log');
    writeRelease(openLog(host, path, '1234'));
    const again = openLog(host, path, '1234');
    again.append('verify', 'notice', { what: 'later' });
    const reading = readLog(host, path);
    expect(reading.events.slice(0, -1)).toEqual(events);
    expect(reading.events.at(-1)).toMatchObject({ line: RELEASE.length + 1, event: 'notice', sum: again.lastSum });
    expect(reading.events).toEqual(again.events);
    expect(reading).toMatchObject({ bytes: host.files.stat(path)?.size, lines: RELEASE.length + 1 });
    expect(host.files.stat(path)?.mode).toBe(0o600);
  }));

test('a missing log is an empty one', () =>
  withWorld(({ host, paths }) => {
    expect(readLog(host, join(paths.releases, '1.log'))).toMatchObject({ events: [], bytes: 0 });
  }));

test('a log that is longer than one range is read to its end', () => {
  const content = { bytes: new Uint8Array() };
  const log = openLog(memoryHost(content), '/log', '1');
  const services = Array.from({ length: 30_000 }, (_, n) => `service-${n}`).join(' ');
  for (let n = 0; n < 4; n += 1) log.append('prepare', 'start', { services });
  expect(content.bytes.length).toBeGreaterThan(1024 * 1024);
  expect(read(content.bytes).events.map((event) => event.fields.services)).toEqual([
    services,
    services,
    services,
    services,
  ]);
});

test('no flipped byte makes a different history: it ends before the break, and says so', () => {
  expect(events.length).toBe(RELEASE.length);
  for (let at = 0; at < whole.length; at += 1) {
    for (const change of [0x01, 0x20, 0x80]) {
      const bytes = whole.slice();
      bytes[at] = (bytes[at] ?? 0) ^ change;
      const reading = read(bytes);
      expect(reading.broken !== undefined || reading.torn !== undefined).toBe(true);
      expect(reading.events.length).toBeLessThan(events.length);
      expect(Bun.deepEquals(reading.events, events.slice(0, reading.events.length))).toBe(true);
    }
  }
});

test('bytes that are no text are no other text either', () => {
  const bytes = releaseLog([['prepare', 'notice', { text: 'odd \ufffd' }]]);
  const at = bytes.indexOf(0xef);
  const invalid = Buffer.concat([bytes.subarray(0, at), Uint8Array.of(0x80), bytes.subarray(at + 3)]);
  expect(read(bytes).broken).toBeUndefined();
  expect(read(invalid).broken).toEqual({ line: 1, why: 'it is not UTF-8' });
});

test('lines put in, taken out, doubled or swapped break the chain where they stand', () => {
  const lines = Buffer.from(whole).toString().trimEnd().split('\n');
  const broken = (edited: string[]) => read(Buffer.from(`${edited.join('\n')}\n`)).broken;
  expect(broken(lines.toSpliced(5, 0, '# a note'))).toEqual({ line: 6, why: 'it does not end with a sum' });
  expect(broken(lines.toSpliced(5, 1))?.line).toBe(6);
  expect(broken(lines.toSpliced(5, 0, lines[4] ?? ''))?.line).toBe(6);
  expect(broken(lines.toSpliced(5, 2, lines[6] ?? '', lines[5] ?? ''))?.line).toBe(6);
  expect(broken(lines.slice(1))?.line).toBe(1);
  expect(broken(lines.toSpliced(3, 0, ''))?.line).toBe(4);
});

test('cut anywhere, the log opens again: the torn line is dropped, kept in an event, and the chain goes on', () => {
  fc.assert(
    fc.property(fc.nat({ max: whole.length }), (length) => {
      const content = { bytes: whole.slice(0, length) };
      const host = memoryHost(content);
      const before = readLog(host, '/log');
      const log = openLog(host, '/log', '1234');
      log.append('verify', 'notice');
      const after = readLog(host, '/log');
      expect(after.broken ?? after.torn).toBeUndefined();
      const torn = after.events.filter((event) => event.event === 'torn-tail');
      expect(torn.map((event) => event.fields.dropped)).toEqual(before.torn === undefined ? [] : [before.torn]);
      expect(after.events.length).toBe(before.events.length + torn.length + 1);
    }),
    { numRuns: 150 },
  );
});

test('a broken link stops the one who resumes, naming file and line, and not the one who reverts', () => {
  const content = { bytes: Buffer.concat([whole, Buffer.from('a note\nand its torn e')]) };
  const host = memoryHost(content);
  expect(() => openLog(host, '/log', '1234')).toThrow(
    expect.objectContaining({
      kind: 'refused',
      facts: expect.objectContaining({ where: `/log:${RELEASE.length + 1}` }),
    }),
  );
  const log = openLog(host, '/log', '1234', { tolerateBroken: true });
  expect(log.events.map((event) => event.event).slice(-2)).toEqual(['released', 'torn-tail']);
  const text = Buffer.from(content.bytes).toString();
  expect(text.startsWith(Buffer.from(whole).toString())).toBe(true);
  expect(text).toMatch(/\na note\n.* event=torn-tail dropped="and its torn e" sum=[0-9a-f]{8}\n$/);
  expect(readLog(host, '/log').broken?.line).toBe(RELEASE.length + 1);
});

test('after a write that failed nothing more is written', () => {
  const content = { bytes: new Uint8Array() };
  const host = memoryHost(content);
  const log = openLog(host, '/log', '1');
  log.append('prepare', 'start', { base: BASE });
  const { append } = host.files;
  host.files.append = () => {
    throw new Error('EIO: fsync');
  };
  expect(() => log.append('prepare', 'notice')).toThrow(/could not be written: EIO/);
  host.files.append = append;
  const { length } = content.bytes;
  expect(() => log.append('prepare', 'notice')).toThrow(expect.objectContaining({ kind: 'step-failed' }));
  expect([content.bytes.length, log.events.length]).toEqual([length, 1]);
});

test('a holder that lost its lock writes nothing', () => {
  const content = { bytes: new Uint8Array() };
  const lost = () => {
    throw new Error('lost');
  };
  const log = openLog(memoryHost(content), '/log', '1', { assertHeld: lost });
  expect(() => log.append('prepare', 'start')).toThrow('lost');
  expect(content.bytes.length).toBe(0);
});

test('long free text is cut, lists that the state is read from are not', () => {
  const log = openLog(memoryHost({ bytes: new Uint8Array() }), '/log', '1');
  const { fields } = log.append('verify', 'start', { reason: 'x'.repeat(5000), services: 'y'.repeat(5000) });
  expect(fields.reason).toBe(`${'x'.repeat(4096)} ... (5000 characters)`);
  expect(fields.services?.length).toBe(5000);
});

test('a link, a FIFO or a folder in the place of a log is refused by name, and so is one of 65 MiB', () =>
  withWorld(({ host, paths }) => {
    const at = (name: string) => join(paths.releases, name);
    host.files.replace(at('real'), '');
    host.files.symlink(at('real'), at('1.log'));
    host.files.mkdir(at('2.log'));
    Bun.spawnSync(['mkfifo', at('3.log')]);
    Bun.spawnSync(['truncate', '-s', '65M', at('4.log')]);
    for (const [name, what] of [
      ['1.log', 'a symbolic link'],
      ['2.log', 'a folder'],
      ['3.log', 'a FIFO'],
      ['4.log', 'larger'],
    ]) {
      expect(() => readLog(host, at(name ?? ''))).toThrow(
        expect.objectContaining({ kind: 'refused', facts: expect.objectContaining({ where: at(name ?? '') }) }),
      );
      expect(() => readLog(host, at(name ?? ''))).toThrow(what ?? '');
    }
  }));
