// From yaml's nodes to plain values, noting where each stands; duplicates, tags, merge keys and runaway aliases are named.
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type ParsedNode,
  type Scalar,
} from 'yaml';
import type { YamlFile } from './document.ts';
import { plain } from './plain.ts';
import { type Problem, pathText } from './problems.ts';

const MAX_ALIASES = 50;
const MAX_ALIASED_VALUES = 20_000;
const MAX_DEPTH = 64;

type Path = readonly PropertyKey[];
type Places = Map<string, { key?: number; value?: number }>;
interface Spot {
  path: Path;
  /** Below an alias: what is wrong there was said where it is written. */
  aliased: readonly Node[];
  foreign: boolean;
}

/** Strings stay strings, numbers and booleans become Plain, lists arrays, mappings objects without prototype; what is empty becomes undefined. */
export function readTree(
  document: Document.Parsed<ParsedNode>,
  at: (offset: number, what: string) => Problem,
  isRead: (key: string) => boolean,
): YamlFile {
  const problems: Problem[] = [];
  const places: Places = new Map();
  const targets = new Map<Alias, Node>();
  let aliases = 0;
  let aliasedValues = 0;

  const start = (node: unknown) => (isNode(node) ? (node.range?.[0] ?? 0) : 0);
  const wrong = (offset: number, spot: Spot, what: string) => {
    if (spot.aliased.length === 0) problems.push({ ...at(offset, what), path: pathText(spot.path) });
    return undefined;
  };
  const note = (path: Path, place: { key?: number; value?: number }) => {
    const id = JSON.stringify(path);
    places.set(id, { ...places.get(id), ...place });
  };

  function read(node: unknown, spot: Spot): unknown {
    if (!isNode(node)) return undefined;
    if (spot.path.length > MAX_DEPTH)
      return wrong(start(node), { ...spot, path: spot.path.slice(0, 3) }, 'is nested too deeply');
    if (spot.aliased.length > 0 && ++aliasedValues > MAX_ALIASED_VALUES) return undefined;
    note(spot.path, { value: start(node) });
    if (isAlias(node)) return readAlias(node, spot);
    if (node.tag !== undefined)
      wrong(start(node), spot, `has the tag ${node.tag}: tags are not read, write the plain value`);
    if (isMap(node)) return readMap(node.items, spot);
    if (isSeq(node)) return node.items.map((item, index) => read(item, { ...spot, path: [...spot.path, index] }));
    return isScalar(node) ? readScalar(node, spot) : undefined;
  }

  function readAlias(node: Alias, spot: Spot): unknown {
    if (spot.aliased.length === 0) aliases++;
    if (aliases > MAX_ALIASES) {
      if (aliases > MAX_ALIASES + 1) return undefined;
      return wrong(start(node), spot, `is alias number ${aliases}: at most ${MAX_ALIASES} are read`);
    }
    const target = targets.get(node) ?? node.resolve(document);
    if (target !== undefined) targets.set(node, target);
    if (target === undefined)
      return wrong(start(node), spot, `is the alias *${node.source}, and no anchor &${node.source} comes before it`);
    if (spot.foreign) return undefined;
    if (spot.aliased.includes(target) || contains(target, node))
      return wrong(start(node), spot, `is an alias of something that contains it`);
    const value = read(target, { ...spot, aliased: [...spot.aliased, target] });
    if (aliasedValues > MAX_ALIASED_VALUES && spot.aliased.length === 0) {
      return wrong(start(node), spot, `aliases stand for more than ${MAX_ALIASED_VALUES} values`);
    }
    return value;
  }

  function readMap(items: ReadonlyArray<{ key: unknown; value: unknown }>, spot: Spot): Record<string, unknown> {
    const object: Record<string, unknown> = Object.create(null);
    const seen = new Map<string, number>();
    for (const { key, value } of items) {
      const offset = isNode(key) ? start(key) : start(value);
      const name = isScalar(key) ? (typeof key.value === 'string' ? key.value : key.source) : undefined;
      if (name === undefined || name === '' || (isScalar(key) && key.value === null)) {
        wrong(offset, spot, 'has a key that is not a word');
        continue;
      }
      const below = {
        ...spot,
        path: [...spot.path, name],
        foreign: spot.foreign || (spot.path.length === 0 && !isRead(name)),
      };
      if (isScalar(key) && key.tag !== undefined) wrong(offset, below, 'has a tag on its key: tags are not read');
      const before = seen.get(name);
      if (before !== undefined) {
        wrong(offset, below, `stands here a second time (first on line ${at(before, '').line})`);
        continue;
      }
      seen.set(name, offset);
      if (name === '__proto__') {
        wrong(offset, below, 'is not allowed as a key');
        continue;
      }
      if (name === '<<' && !below.foreign) {
        wrong(offset, below, 'merge keys are not read: write the keys out, or alias whole values');
        continue;
      }
      note(below.path, { key: offset });
      object[name] = read(value, below);
    }
    return object;
  }

  function readScalar(node: Scalar, spot: Spot): unknown {
    const { value } = node;
    if (typeof value === 'string') {
      const odd = spot.foreign ? undefined : value.match(/[\0-\x08\x0b-\x1f\x7f\x80-\x9f\ufffe\uffff]/)?.[0];
      if (odd === undefined) return value;
      return wrong(
        start(node),
        spot,
        `holds the control character U+${odd.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`,
      );
    }
    if (typeof value !== 'number' && typeof value !== 'boolean') return undefined;
    return plain(node.source ?? String(value), value);
  }

  const root = document.contents;
  const value = isMap(root) ? readMap(root.items, { path: [], aliased: [], foreign: false }) : undefined;
  if (value === undefined) problems.push(at(start(root), 'must be a mapping of keys to values'));

  return {
    value,
    problems,
    problem(path, what, options) {
      // `type: volume` means the list of that one word.
      const named = typeof path.at(-1) === 'number' && !places.has(JSON.stringify(path)) ? path.slice(0, -1) : path;
      let known = [...named];
      while (known.length > 0 && !places.has(JSON.stringify(known))) known = known.slice(0, -1);
      const place = places.get(JSON.stringify(known)) ?? {};
      const byKey = options?.atKey === true || known.length < named.length;
      const offset = (byKey ? (place.key ?? place.value) : (place.value ?? place.key)) ?? start(root);
      const meant = options?.suggestion === undefined ? {} : { suggestion: options.suggestion };
      return { ...at(offset, what), path: pathText(named), ...meant };
    },
  };
}

const contains = (outer: Node, inner: Node): boolean => {
  const [from, to] = [outer.range?.[0] ?? 0, outer.range?.[2] ?? 0];
  const offset = inner.range?.[0] ?? 0;
  return offset >= from && offset < to;
};
