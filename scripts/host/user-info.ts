// User info of URLs, found a character at a time: nobody has to know a password to see that it is one.
const SPACE = 32;
const SLASH = 47;
const COLON = 58;
const AT = 64;
/** What ends the part of a URL that may begin with user info, beside blanks: RFC 3986, 3.2, and what stands around a URL. */
const ENDS_AUTHORITY = new Set(Array.from('/?#"\'`<>', (char) => char.charCodeAt(0)));
/** A token in the place of a password may be that long; what is longer is no URL. */
const LONGEST_INFO = 4096;

/** @param shortest user info without a colon, which may be a token, that is worth hiding; in characters. */
export function userInfoReader(shortest: number) {
  /** How much of `://` was just read. */
  let read = 0;
  /** Where the user info begins, if it is some; undefined outside of URLs. */
  let from: number | undefined;
  let colon: number | undefined;
  return {
    get from() {
      return from;
    },
    /** @returns where user info begins that ends before this character. */
    next(code: number, at: number): number | undefined {
      let found: number | undefined;
      if (from !== undefined) {
        if (code === AT && at > from && (colon === undefined ? at - from >= shortest : at > colon + 1)) found = from;
        if (code === COLON) colon ??= at;
        if (code <= SPACE || ENDS_AUTHORITY.has(code) || at - from > LONGEST_INFO) from = undefined;
      }
      if (code === SLASH && read === 2) [from, colon] = [at + 1, undefined];
      read = code === COLON ? 1 : code === SLASH && read === 1 ? 2 : 0;
      return found;
    },
    /** What was before `by` is gone. */
    shift(by: number): void {
      if (from !== undefined) from -= by;
      if (colon !== undefined) colon -= by;
    },
    end(): void {
      [read, from] = [0, undefined];
    },
  };
}
