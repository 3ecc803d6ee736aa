// Whether a TypeScript file parses, without running any of it.

/** @returns what is wrong, with its line, in words; undefined: nothing. */
export function scriptProblem(text: string): string | undefined {
  try {
    new Bun.Transpiler({ loader: 'ts' }).transformSync(text);
    return undefined;
  } catch (error) {
    const first = error instanceof AggregateError ? error.errors[0] : error;
    const { message, position } = first as { message?: string; position?: { line: number } | null };
    return `${position ? `line ${position.line}: ` : ''}${message ?? String(first)}`;
  }
}
