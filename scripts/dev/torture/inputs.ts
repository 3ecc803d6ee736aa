// Files that are not as they were written: each flipped bit and each length of real ones, and random changes. A sentence or the right answer.
import { ReleaseError } from '../../model/error.ts';
import { exactChange, exactChanges, randomChange } from './changes.ts';
import { type LongForm, randomAt, tryAll } from './long-form.ts';
import { READINGS } from './readings.ts';
import { type Specimen, specimens } from './specimens.ts';

/** One in so many is a random change. */
const RANDOM_EACH = 4;
/** Steps through all exact changes, so that the first few are of all files. It divides no sum of theirs: it is prime. */
const STRIDE = 7_368_787;

interface Input {
  specimen: Specimen;
  bytes: Uint8Array;
}

/** The input of that number. */
export function inputAt(all: readonly Specimen[], seed: number, at: number): Input {
  const random = randomAt(seed, at);
  const total = all.reduce((sum, { bytes }) => sum + exactChanges(bytes), 0);
  if (at % RANDOM_EACH === 0) {
    const specimen = all[random(all.length)] as Specimen;
    return { specimen, bytes: randomChange(specimen.bytes, random) };
  }
  const exact = at - Math.floor(at / RANDOM_EACH) - 1;
  let place = (exact * STRIDE + (seed % total)) % total;
  for (const specimen of all) {
    const count = exactChanges(specimen.bytes);
    if (place < count) return { specimen, bytes: exactChange(specimen.bytes, place) };
    place -= count;
  }
  throw new Error('there is no such input');
}

/** @returns what is wrong with how it was taken. */
export function taken({ specimen, bytes }: Input): string | undefined {
  try {
    return READINGS[specimen.kind](bytes, specimen);
  } catch (error) {
    if (!(error instanceof ReleaseError)) return `no sentence: ${error instanceof Error ? error.stack : String(error)}`;
    const { what, hint = '', details = [] } = error.facts;
    if (what === '' || (hint.length === 0 && details.length === 0)) return `a sentence without a way out: ${what}`;
    return /\n\s+at |TypeError|undefined|\[object/.test(error.message)
      ? `a sentence of ours? ${error.message}`
      : undefined;
  }
}

export const FUZZ: LongForm = {
  kind: 'fuzz',
  what: 'files of every kind: each flipped bit, each length, random changes',
  count: 200_000,
  async run(wish) {
    const all = await specimens();
    const tally = new Map<string, number>();
    const done = await tryAll('fuzz', wish, (at) => {
      const input = inputAt(all, wish.seed, at);
      const { kind, name } = input.specimen;
      tally.set(kind, (tally.get(kind) ?? 0) + 1);
      const wrong = taken(input);
      return wrong === undefined ? undefined : `${kind} ${name}: ${wrong}`;
    });
    return { ...done, notes: [...tally].map(([kind, count]) => `${count} ${kind}`) };
  },
};
