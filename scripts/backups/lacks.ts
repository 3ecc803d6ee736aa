// For tests: programs that a developer's machine may not have. Where CI runs, they have to be there.

/** Says so, once a file; what needs the program is skipped then. */
export function lacks(program: string): boolean {
  if (process.env.CI === 'true' || Bun.which(program) !== null) return false;
  console.warn(`skipped: ${program} is not installed (apt-get install ${program})`);
  return true;
}
