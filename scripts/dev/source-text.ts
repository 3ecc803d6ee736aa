// A TypeScript source without its comments, and without what stands in its strings. Both keep every character's place.

export interface SourceText {
  /** Comments blanked. */
  text: string;
  /** Comments and the contents of strings, templates and regular expressions blanked; what stands in `${}` is code. */
  code: string;
}

/** What a `/` stands behind when it begins a regular expression. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};<>+*%~^-]|\b(?:return|typeof|case|in|of|await|yield))\s*$/;

export function sourceText(source: string): SourceText {
  const text = source.split('');
  const code = source.split('');
  const blank = (target: string[], from: number, to: number) => {
    for (let at = from; at < to; at += 1) if (target[at] !== '\n') target[at] = ' ';
  };
  const endOf = (pattern: RegExp, from: number): number => {
    pattern.lastIndex = from;
    const found = pattern.exec(source);
    return found === null ? source.length : found.index + found[0].length;
  };

  /** @returns the place behind the code that begins at `at`: the end, or behind the brace that closes a `${`. */
  function scan(at: number, inTemplate: boolean): number {
    let depth = 0;
    while (at < source.length) {
      const char = source.charAt(at);
      const two = source.slice(at, at + 2);
      if (two === '//' || two === '/*') {
        const end = two === '//' ? endOf(/(?=\n)|$/g, at) : endOf(/\*\//g, at + 2);
        blank(text, at, end);
        blank(code, at, end);
        at = end;
      } else if (char === "'" || char === '"') {
        const end = endOf(
          char === "'" ? /(?:[^'\\\n]|\\[\s\S])*(?:'|(?=\n)|$)/g : /(?:[^"\\\n]|\\[\s\S])*(?:"|(?=\n)|$)/g,
          at + 1,
        );
        blank(code, at + 1, end - 1);
        at = end;
      } else if (char === '`') {
        at = scanTemplate(at + 1);
      } else if (char === '/' && BEFORE_REGEX.test(code.slice(Math.max(0, at - 20), at).join(''))) {
        const end = endOf(/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])*\//g, at + 1);
        blank(code, at + 1, end - 1);
        at = end;
      } else {
        if (char === '{') depth += 1;
        if (char === '}') {
          if (inTemplate && depth === 0) return at + 1;
          depth -= 1;
        }
        at += 1;
      }
    }
    return at;
  }

  function scanTemplate(at: number): number {
    while (at < source.length) {
      const end = endOf(/(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{|$)/g, at);
      const closed = source.slice(at, end).endsWith('${');
      blank(code, at, end - (closed ? 2 : 1));
      if (!closed) return end;
      at = scan(end, true);
    }
    return at;
  }

  scan(0, false);
  return { text: text.join(''), code: code.join('') };
}

/** Module names that a source imports or exports from, also dynamically. */
export function importsOf({ text, code }: SourceText): string[] {
  return [...text.matchAll(/\b(?:from|import|require)\s*\(?\s*(['"])([^'"\n]+)\1/g)]
    .filter((match) => code.startsWith(match[0].slice(0, 4), match.index))
    .map((match) => match[2] ?? '');
}
