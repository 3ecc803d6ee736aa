// The text of a compose file, read as far as it can be: what is wrong with it is compose's to say.
import { parseDocument } from 'yaml';

/** As for manifests: nobody writes more by hand. */
const MAX_CHARS = 512 * 1024;

export interface Tree {
  [key: string]: unknown;
}

export const asTree = (value: unknown): Tree => (typeof value === 'object' && value !== null ? (value as Tree) : {});

/** By text: a file is asked for when it is observed, prepared, exchanged and verified. Nobody changes one. */
const known = new Map<string, Tree>();
const MOST = 200;

/** @returns an empty tree for what is no YAML, and for what is made to take no end: too long, nested too deeply, aliases of aliases. */
export function composeTree(text: string): Tree {
  if (text.length > MAX_CHARS) return {};
  const tree = known.get(text) ?? parse(text);
  if (known.size >= MOST) known.clear();
  known.set(text, tree);
  return tree;
}

function parse(text: string): Tree {
  try {
    const document = parseDocument(text, { merge: true, logLevel: 'silent', prettyErrors: false });
    return document.errors.length > 0 ? {} : asTree(document.toJS({ maxAliasCount: 100 }));
  } catch (error) {
    if (error instanceof ReferenceError || error instanceof RangeError) return {};
    throw error;
  }
}
