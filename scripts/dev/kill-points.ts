// At which points a test kills what it tests: a sample in every run, another one each time; all of them where that is asked for.

/** `all`: every point. A number: so many of each enumeration. */
export const KILLS = 'BELAY_TEST_KILLS';
/** Of an earlier run, as it was printed: the same sample again. */
export const SEED = 'BELAY_TEST_SEED';

const own = newSeed();

/** A seed for a whole run. */
export function newSeed(): string {
  return String(crypto.getRandomValues(new Uint32Array(1))[0]);
}

/**
 * The points of 0..count-1 to try, in order. A sample has one of each stretch of equal length, so that beginning, middle and end are always among them.
 * @param label tells the enumerations of a run apart; where it comes in the run does not matter. @param sample how many, where BELAY_TEST_KILLS says nothing. @param env default: the process's own.
 * @throws Error where BELAY_TEST_KILLS is neither `all` nor a number above 0.
 */
export function killPoints(
  count: number,
  label: string,
  sample = 3,
  env: Readonly<Record<string, string | undefined>> = process.env,
): number[] {
  const asked = env[KILLS] ?? String(sample);
  if (asked !== 'all' && !/^[1-9]\d{0,5}$/.test(asked))
    throw new Error(`${KILLS}=${asked}: give all, or how many points`);
  const wanted = asked === 'all' ? count : Math.min(count, Number(asked));
  const bound = (stretch: number) => Math.floor((stretch * count) / wanted);
  return Array.from({ length: wanted }, (_, at) => {
    const draw = Bun.hash.xxHash32(`${env[SEED] ?? own} ${label} ${at}`);
    return bound(at) + (draw % (bound(at + 1) - bound(at)));
  });
}

/** Runs `check` for one point. @throws Error that says the point and how to have it again, with what went wrong as its cause. */
export async function atPoint(point: number, count: number, label: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    const again = `${SEED}=${process.env[SEED] ?? own} has it again, ${KILLS}=all has all`;
    throw new Error(`${label}, killed at ${point} of ${count}: ${error} (${again})`, { cause: error });
  }
}
