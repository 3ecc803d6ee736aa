// `just torture [--seed=N] [--minutes=N] [--only=WORDS]`: the engine in a simulated world, disturbed at every point of every scenario.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { messageOf } from '../model/error.ts';
import { LONG_FORMS, longTable, runLong } from './torture/long-forms.ts';
import { runShard, type Shard, type Tally } from './torture/shard.ts';
import { KINDS, tableOf } from './torture/table.ts';

const LONG = LONG_FORMS.map(({ kind }) => kind);
const HELP = `just torture [--seed=N] [--minutes=N] [--only=WORDS] [--kinds=kill,power,...] [--most=N] [--from=N]

Disturbs the engine at every effect that it has on a simulated host, and sees that the host can be finished or put back.
  --seed=N      order and chance; the same one repeats a run (default: drawn, and printed)
  --minutes=N   ends after so long, wherever it is (default: when every point was visited)
  --only=WORDS  scenarios whose name has these words
  --kinds=LIST  of ${[...KINDS, ...LONG].join(', ')} (default: all)
  --most=N      of each of ${LONG.join(', ')}: so many; --from=N: from that one on

Exits 1 where a promise was broken; each failure is printed with the words that repeat it.`;

interface Wanted {
  seed: number;
  untilMs: number | undefined;
  only: string;
  kinds: string[];
  long: { from: number; most: number | undefined };
}

function asked(args: readonly string[]): Wanted | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
        minutes: { type: 'string' },
        only: { type: 'string', default: '' },
        kinds: { type: 'string', default: [...KINDS, ...LONG].join(',') },
        most: { type: 'string' },
        from: { type: 'string', default: '0' },
      },
    });
    const [seed, kinds] = [Number(values.seed), values.kinds.split(',')];
    const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
    const [from, most] = [Number(values.from), values.most === undefined ? undefined : Number(values.most)];
    const known = kinds.every((kind) => [...KINDS, ...LONG].some((each) => each === kind));
    const numbers = [seed, from, most ?? 0].every((each) => Number.isInteger(each) && each >= 0);
    if (!numbers || (minutes !== undefined && !(minutes > 0)) || !known) return undefined;
    const untilMs = minutes === undefined ? undefined : Date.now() + minutes * 60_000;
    return { seed, untilMs, only: values.only, kinds, long: { from, most } };
  } catch (error) {
    console.error(messageOf(error));
    return undefined;
  }
}

/** A part of the points in a process of its own. */
async function startShard(shard: Shard): Promise<Tally> {
  const child = Bun.spawn([process.execPath, import.meta.path, '--shard', JSON.stringify(shard)], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  if (code !== 0) throw new Error(`a part of the points ended with exit code ${code}`);
  return JSON.parse(text) as Tally;
}

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === '--shard') {
    const tally = await runShard(JSON.parse(args[1] ?? '') as Shard);
    process.stdout.write(JSON.stringify(tally));
    return 0;
  }
  const wanted = asked(args);
  if (wanted === undefined) {
    console.log(HELP);
    return args.includes('--help') ? 0 : 2;
  }
  const began = performance.now();
  console.log(`seed ${wanted.seed}`);
  const { long, ...shard } = wanted;
  let failed = false;
  if (KINDS.some((kind) => wanted.kinds.includes(kind))) {
    const of = availableParallelism();
    const tallies = await Promise.all(Array.from({ length: of }, (_, part) => startShard({ ...shard, part, of })));
    for (const line of tableOf(tallies, wanted.seed, (performance.now() - began) / 1000)) console.log(line);
    failed = tallies.some(({ failures }) => failures.length > 0);
  }
  const rows = await runLong(wanted.kinds, {
    seed: wanted.seed,
    untilMs: wanted.untilMs ?? Number.POSITIVE_INFINITY,
    ...long,
  });
  for (const line of longTable(rows, wanted.seed)) console.log(line);
  return failed || rows.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

process.exit(await main(process.argv.slice(2)));
