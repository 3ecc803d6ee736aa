// Two schemas change their tables in one statement. What is no table (views, triggers, routines, events) cannot move, and is dropped and loaded again.
import { quoted } from './client.ts';
import type { Objects } from './facts.ts';

/** A table that goes along tells, whenever somebody looks, how far a restore has come. */
export const MARK = 'asd_restore_mark';

/** Statements that drop what cannot be renamed. */
export function dropDefinitions(schema: string, objects: Objects): string[] {
  const drop = (what: string, names: string[]) =>
    names.map((name) => `DROP ${what} IF EXISTS ${quoted(schema)}.${quoted(name)};`);
  return [
    ...drop('TRIGGER', objects.triggers),
    ...drop('VIEW', [...objects.views, ...objects.broken]),
    ...drop('PROCEDURE', objects.procedures),
    ...drop('FUNCTION', objects.functions),
    ...drop('EVENT', objects.events),
  ];
}

/** One statement: the tables of `live` go to `aside`, those of `fresh` to `live`; the mark goes from `fresh` to `aside`. */
export function exchange(
  live: string,
  aside: string,
  fresh: string,
  from: readonly string[],
  to: readonly string[],
): string {
  const move = (table: string, source: string, target: string) =>
    `${quoted(source)}.${quoted(table)} TO ${quoted(target)}.${quoted(table)}`;
  const moves = [
    ...from.filter((table) => table !== MARK).map((table) => move(table, live, aside)),
    ...to.filter((table) => table !== MARK).map((table) => move(table, fresh, live)),
    move(MARK, fresh, aside),
  ];
  return `SET foreign_key_checks = 0; RENAME TABLE ${moves.join(', ')};`;
}

/** Tables and sequences: both are renamed. */
export const movable = (objects: Objects): string[] => [...objects.tables, ...objects.sequences];
