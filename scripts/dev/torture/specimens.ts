// Real files of every kind that the engine reads: most of them were written by a release in the simulated world.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatPairs } from '../../journal/keyvalue.ts';
import { sealed } from '../../journal/shape.ts';
import { parseReleaseConfig } from '../../manifest/release-config.ts';
import { SCHEMA } from '../../model/release.ts';
import { verb as revert } from '../../release/revert.ts';
import { verb as run } from '../../release/run.ts';
import { ROOT } from '../simulation/beginning.ts';
import type { World } from '../simulation/world.ts';
import { again, must, ONE, packages, T, waiting } from './hosts.ts';

export type Kind =
  | 'manifest'
  | 'release.yaml'
  | 'playbook'
  | '.env'
  | 'state'
  | 'log'
  | 'receipt'
  | 'plan'
  | 'backup.json'
  | 'armed'
  | 'verdict'
  | 'lock';

export interface Specimen {
  kind: Kind;
  name: string;
  bytes: Uint8Array;
  /** What belongs to it: the log of a state file, and the other way round. */
  beside?: Uint8Array;
}

const checkout = join(import.meta.dir, '..', '..', '..');
const WORKSPACE = `${ROOT}/.asd/workspace`;

const ENV = `# of this host
CONTAINER_PREFIX=asd-prod-
export MOOD=calm   # not a secret
API_TOKEN='tok"en $HOME-0123456789'
DB_PASSWORD="line one\\nline two"
DEPLOY_KEY="-----BEGIN KEY-----
bm90IGEga2V5
-----END KEY-----"
EMPTY=
URL=https://someone:hunter22@example.org/x?y=z#f
SINGLE=\`back ticks\`
`;

/** Comments are not worth their flips. */
const bare = (text: string): Uint8Array => Buffer.from(text.replaceAll(/^ *#.*\n/gm, '').replaceAll(/\n\n+/g, '\n'));
const fromCheckout = (path: string): Uint8Array => bare(readFileSync(join(checkout, path), 'utf8'));

export async function specimens(): Promise<Specimen[]> {
  const world = await waiting(ONE, packages(again(ONE, '2')));
  await must(world, 0, [run, T]);
  const released = ofRelease(world, 'released');
  await must(world, 0, [revert, T]);
  const playbook = readdirSync(join(checkout, 'recovery/playbooks')).toSorted()[0] ?? '';
  return [
    { kind: 'manifest', name: 'example', bytes: fromCheckout('scripts/manifest/example.yaml') },
    { kind: 'manifest', name: 'alpha', bytes: world.disk.get(`${ROOT}/packages/alpha/manifest.yaml`).data },
    { kind: 'release.yaml', name: 'example', bytes: fromCheckout('scripts/manifest/release.example.yaml') },
    { kind: 'playbook', name: playbook, bytes: fromCheckout(join('recovery/playbooks', playbook)) },
    { kind: '.env', name: 'a host', bytes: Buffer.from(ENV) },
    ...released,
    ...ofRelease(world, 'reverted').filter(({ kind }) => kind === 'state'),
    ...guardRecords(),
    { kind: 'lock', name: 'a holder', bytes: Buffer.from(holder()) },
  ];
}

function ofRelease({ disk }: World, name: string): Specimen[] {
  const at = (path: string) => new Uint8Array(disk.get(`${WORKSPACE}/${path}`).data);
  const [state, log] = [at(`releases/${T}.env`), at(`releases/${T}.log`)];
  const stamp = disk.list(`${WORKSPACE}/backups/alpha`)[0] ?? '';
  return [
    { kind: 'state', name, bytes: state, beside: log },
    { kind: 'log', name, bytes: log, beside: state },
    { kind: 'receipt', name, bytes: at(`releases/${T}.receipt.json`) },
    { kind: 'plan', name, bytes: at(`releases/${T}/plan.json`) },
    { kind: 'backup.json', name, bytes: at(`backups/alpha/${stamp}/backup.json`) },
  ];
}

/** As writeArmed and decide write them. */
function guardRecords(): Specimen[] {
  const { config } = parseReleaseConfig(undefined);
  const armed = {
    schema: SCHEMA,
    ticket: T,
    id: 'ab12',
    stage: 'window',
    at: { boot: 'boot', bootMs: 1, wallMs: 1_779_118_140_000 },
    leftMs: 600_000,
    capLeftMs: 1_800_000,
    withinMs: 600_000,
    capMs: 1_800_000,
    watch: 'notice',
    afterConfirm: [['true']],
    config,
  };
  const verdict = { schema: SCHEMA, kind: 'confirm', cause: 'confirmed', by: 'operator', manual: false };
  return [
    { kind: 'armed', name: 'a window', bytes: Buffer.from(sealed(armed)) },
    { kind: 'verdict', name: 'confirmed', bytes: Buffer.from(sealed(verdict)) },
  ];
}

function holder(): string {
  const facts = { PID: '7', START_TIME: '70', BOOT_ID: 'boot', TICKET: T, COMMAND: `release-run ${T}`, HOST: 'h' };
  return formatPairs(Object.entries({ ...facts, BY: 'root', SINCE: '2026-05-18T15:29:00Z' }), 'lock');
}
