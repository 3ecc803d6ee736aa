// The text of a compose file, read as far as it can be: what is wrong with it is compose's to say, unless compose would not come to an end.
import { parseDocument } from 'yaml';
import { refused } from '../../model/error.ts';
import { remembering } from '../../model/remember.ts';

/** As for manifests: nobody writes more by hand. */
const MAX_CHARS = 512 * 1024;
/** What aliases stand for counted in; compose takes minutes for some millions. */
const MAX_VALUES = 200_000;

export interface Tree {
  [key: string]: unknown;
}

export const asTree = (value: unknown): Tree => (typeof value === 'object' && value !== null ? (value as Tree) : {});

/**
 * @returns an empty tree for what is no YAML, too long, nested too deeply, or merged with itself.
 * @throws refused where its aliases stand for more values than anybody means.
 */
export function composeTree(text: string, path?: string): Tree {
  if (text.length > MAX_CHARS) return {};
  const { tree, values } = read(text);
  if (values > MAX_VALUES)
    throw refused({
      what: `The aliases of a compose file stand for more than ${MAX_VALUES} values`,
      ...(path === undefined ? {} : { where: path }),
      hint: 'Write out what is meant.',
    });
  return tree;
}

/** A file is asked for when it is observed, prepared, exchanged and verified. */
const read = remembering(200, (text) => {
  const tree = parse(text);
  return { tree, values: valuesOf(tree, new Map()) };
});

function parse(text: string): Tree {
  try {
    const document = parseDocument(text, { merge: true, logLevel: 'silent', prettyErrors: false });
    // An alias becomes the very object that it stands for: however many there are, they take no room.
    return document.errors.length > 0 ? {} : asTree(document.toJS({ maxAliasCount: -1 }));
  } catch (error) {
    if (error instanceof ReferenceError || error instanceof RangeError) return {};
    throw error;
  }
}

/** How many values a tree stands for, every alias written out. What contains itself counts as one: compose refuses it. */
function valuesOf(tree: unknown, counted: Map<object, number>): number {
  if (typeof tree !== 'object' || tree === null) return 1;
  const found = counted.get(tree);
  if (found !== undefined) return found;
  counted.set(tree, 1);
  const sum = Object.values(tree).reduce((all: number, each) => all + valuesOf(each, counted), 1);
  counted.set(tree, sum);
  return sum;
}
