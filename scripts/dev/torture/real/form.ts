// A kind of real disturbance as a long form: where this machine lacks what it takes, that is said, and nothing is tried.
import { type LongForm, tryAll, type Wish } from '../long-form.ts';

interface Visit {
  /** What was done, where. */
  where: string;
  /** What is wrong, or undefined. */
  what: string | undefined;
}

export interface RealHosts {
  /** `missed`: the disturbance did not come about. */
  visit(at: number): Promise<Visit | 'missed'>;
  /** What else the table has to say. */
  notes?(): string[];
  close(): Promise<void>;
}

interface RealKind extends Omit<LongForm, 'run'> {
  /** Why it cannot run here; undefined where it can. */
  lacks(): string | undefined;
  /** Makes what the points are visited on. */
  open(wish: Wish): Promise<RealHosts>;
}

/** A sample of it says nothing where it cannot run. */
interface RealForm extends LongForm {
  lacks(): string | undefined;
}

export const realForm = ({ lacks, open, ...form }: RealKind): RealForm => ({
  ...form,
  lacks,
  async run(wish) {
    const reason = lacks();
    if (reason !== undefined) return { tried: 0, notes: [`not run: ${reason}`], failures: [] };
    let missed = 0;
    const hosts = await open(wish);
    try {
      const { tried, failures } = await tryAll(form.kind, wish, async (at) => {
        const seen = await hosts.visit(at);
        if (seen === 'missed') missed += 1;
        return seen === 'missed' || seen.what === undefined ? undefined : `${seen.where}: ${seen.what}`;
      });
      return {
        tried: tried - missed,
        notes: [...(missed === 0 ? [] : [`${missed} did not come about`]), ...(hosts.notes?.() ?? [])],
        failures,
      };
    } finally {
      await hosts.close();
    }
  },
});
