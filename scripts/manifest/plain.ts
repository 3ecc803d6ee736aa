// A number or boolean as it was written: `5.10` is text to a tag and 5.1 to a number.

export interface Plain {
  text: string;
  value: number | boolean;
}

const made = new WeakSet<object>();

export function plain(text: string, value: number | boolean): Plain {
  const one: Plain = { text, value };
  made.add(one);
  return one;
}

/** Only what `plain` made: a mapping in the file with these two keys is none. */
export const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && made.has(value);
