// What was worked out of a text is worked out once: the same few are asked for again and again.

/**
 * @param most so many answers are kept; then it begins anew. @param make pure: the same text has the same answer, and nobody changes one.
 * @returns `make`, with a memory.
 */
export function remembering<V>(most: number, make: (text: string) => V): (text: string) => V {
  const known = new Map<string, V>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined || known.has(text)) return found as V;
    const made = make(text);
    if (known.size >= most) known.clear();
    known.set(text, made);
    return made;
  };
}
