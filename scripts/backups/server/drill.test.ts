// What a dump must have again, how it is read back, and names within what servers allow.
import { expect, test } from 'bun:test';
import { keyspace } from '../redis/client.ts';
import { missing } from '../redis/drill.ts';
import { makeWorld } from '../world.ts';
import { bracket, differences, drillOf, rowsOf } from './drill.ts';
import { besideName, drillPrefix } from './names.ts';

test('rows that are equal pass; a missing table, one too many, and another count do not', () => {
  const facts = { 'rows:a': 3, 'rows:b.c': 0, views: 1, database: 'shop' };
  expect(rowsOf(facts)).toEqual({ a: 3, 'b.c': 0 });
  expect(differences({ a: 3, 'b.c': 0 }, facts, { views: 1 })).toEqual([]);
  expect(differences({ a: 2, x: 1 }, facts, { views: 0 })).toEqual([
    'a: 3 written, 2 read back',
    'b.c: 0 written, no table read back',
    'x: no table written, 1 read back',
    'views: 1 written, 0 read back',
  ]);
});

test('a table that was written to meanwhile only has to have rows, and to be there', () => {
  const facts = bracket({ a: 3, b: 1, c: 0 }, { a: 9, b: 1, c: 4 });
  expect(facts).toEqual({ 'rows:a': 9, 'rows:b': 1, 'rows:c': 4, 'moving:a': 3, 'moving:c': 0 });
  expect(differences({ a: 5, b: 1, c: 0 }, facts)).toEqual([]);
  expect(differences({ a: 0, b: 2 }, facts)).toHaveLength(3);
});

test('keys that end by themselves may be gone, others not', () => {
  const { rows, expires } = keyspace('# Keyspace\ndb0:keys=5,expires=2,avg_ttl=0\ndb3:keys=1,expires=0,avg_ttl=0\n');
  const facts = { ...bracket(rows, rows), ...expires };
  const found = (db0: number, db3: number) => missing({ rows: { db0, db3 }, expires: {} }, facts);
  expect(found(5, 1)).toEqual([]);
  expect(found(3, 1)).toEqual([]);
  expect(found(2, 1)).toEqual(['db0: 5 keys written, 2 read back']);
  expect(found(6, 0)).toEqual(['db0: 5 keys written, 6 read back', 'db3: 1 keys written, 0 read back']);
});

test('auto is full under 1 GB of dump, and list from there on; what the manifest says goes first', async () => {
  const world = makeWorld({ backup: { drill: 'auto' } });
  try {
    expect(drillOf(world.context, { dumpBytes: 999_999_999, databaseBytes: 2e9 })).toBe('full');
    expect(drillOf(world.context, { dumpBytes: 1e9 })).toBe('list');
    expect(drillOf(world.context, { databaseBytes: 1e9 })).toBe('list');
    world.context.service.backup.drill = 'off';
    expect(drillOf(world.context, { dumpBytes: 1 })).toBe('off');
  } finally {
    await world.end();
  }
});

test('a name beside the live one fits into 63 bytes, is the same each time, and no two are alike', () => {
  expect(besideName('shop', 'old', '20260102_030405')).toBe('shop__asd_old_20260102_030405');
  const names = ['x'.repeat(63), `${'x'.repeat(62)}y`, '名'.repeat(20), `${'名'.repeat(20)}é`].map((name) =>
    besideName(name, 'new', '20260102_030405'),
  );
  for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
  expect(new Set(names).size).toBe(4);
  expect(names.join()).not.toContain('\ufffd');
  expect(drillPrefix('shop')).not.toBe(drillPrefix('shop2'));
});
