// What each kind of `just torture` beyond the simulated points is: something tried many times, each time from the seed and its number.
export interface LongForm {
  kind: string;
  what: string;
  /** How many there are to try where nobody says otherwise. */
  count: number;
  run(wish: Wish): Promise<Tried>;
}

export interface Wish {
  seed: number;
  /** Wall time at which it ends, wherever it is. */
  untilMs: number;
  /** At most so many. */
  most: number;
  /** The first to try; with `most` 1, the only one. */
  from: number;
}

export interface Tried {
  tried: number;
  /** A word each for what came out, in figures. */
  notes: string[];
  /** A line each, with the words that repeat it. */
  failures: string[];
}

/** More of them tell nothing new. */
const MOST_FAILURES = 20;

/** @returns the words that repeat one try. */
export const repeats = (kind: string, seed: number, at: number): string =>
  `just torture --kinds=${kind} --seed=${seed} --from=${at} --most=1`;

/** Tries one number after the other. @param one says what is wrong, or undefined. */
export async function tryAll(
  kind: string,
  { seed, untilMs, most, from }: Wish,
  one: (at: number) => Promise<string | undefined> | string | undefined,
): Promise<Pick<Tried, 'tried' | 'failures'>> {
  const failures: string[] = [];
  let tried = 0;
  for (let at = from; at < from + most && failures.length < MOST_FAILURES; at += 1) {
    if (Date.now() >= untilMs) break;
    const wrong = await one(at);
    tried += 1;
    if (wrong !== undefined) failures.push(`${kind} ${at}: ${wrong.slice(0, 700)}  # ${repeats(kind, seed, at)}`);
  }
  return { tried, failures };
}

/** A generator of its own for each number, so that one can be had again without those before it. mulberry32. */
export function randomAt(seed: number, at: number): (below: number) => number {
  let a = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(at + 1, 0xc2b2ae35)) >>> 0;
  return (below) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
