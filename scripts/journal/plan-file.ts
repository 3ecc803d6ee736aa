// plan.json in a release's records: what was decided before the first effect, read again by resume.
import { dirname } from 'node:path';
import type { Host } from '../host/port.ts';
import { PHASES } from '../model/release.ts';
import type { Plan, StepKind } from '../model/step.ts';
import { realFolder, regularFile } from './place.ts';
import { type Check, fields, listOf, matching, maybe, number, oneOf, readShape, sealed, text } from './shape.ts';

const MAX_BYTES = 64 * 1024 * 1024;
const sha = matching(/^[0-9a-f]{40}$/, 'commit (40 hex digits)');
const texts = listOf(text);
const service = { service: text, runtime: oneOf('compose', 'pm2') };
const ofService = fields(service);
const reversibility = fields({ level: oneOf('instant', 'restore', 'one-way'), why: maybe(texts) });

/** What each kind of step needs beyond the fields that all have. */
const OF_KIND: Record<StepKind, Check> = {
  stage: fields({ targetSha: sha }),
  'freeze-scripts': fields({ paths: texts }),
  hook: fields({
    ...service,
    hook: oneOf('preflight', 'pre_start_init', 'post_start_init', 'ensure-config'),
    path: text,
  }),
  images: ofService,
  'keep-images': ofService,
  backup: fields({ ...service, types: texts, estimatedBytes: number }),
  advance: fields({ fromSha: sha, targetSha: sha }),
  down: ofService,
  install: fields({ ...service, argv: texts }),
  up: ofService,
  healthy: ofService,
  script: fields({ path: text, sha256: matching(/^[0-9a-f]{64}$/, 'sha256') }),
  head: fields({ targetSha: sha }),
  image: ofService,
  version: ofService,
  health: ofService,
  e2e: fields({ ...service, argv: texts }),
  'restore-data': fields({ ...service, stamp: text }),
  stop: fields(service),
  'restore-config': fields({ ...service, stamp: text }),
  'settle-data': fields({ ...service, stamp: text }),
  compare: fields({}),
  'go-back': fields({ fromSha: sha, toSha: sha }),
  push: fields({}),
  deployed: fields({ targetSha: sha }),
};

const anyStep = fields({
  id: text,
  kind: oneOf(...Object.keys(OF_KIND)),
  phase: oneOf(...PHASES),
  needs: texts,
  onStop: oneOf('interruptible', 'finish', 'probe'),
  lane: oneOf('wide', 'swap'),
  timeoutMs: number,
});

const step: Check = (value, at) => anyStep(value, at) ?? OF_KIND[(value as { kind: StepKind }).kind](value, at);

const PLAN = fields({
  ticket: text,
  branch: text,
  baseSha: sha,
  targetSha: sha,
  headSha: sha,
  services: listOf(
    fields({
      name: text,
      change: oneOf('changed', 'added', 'removed'),
      runtime: text,
      priority: number,
      hooks: texts,
      notices: texts,
      reversibility,
    }),
  ),
  scripts: listOf(fields({ path: text, sha256: text, revert: maybe(text) })),
  unclassified: texts,
  notices: texts,
  space: fields({ dir: text, freeBytes: number, neededBytes: number }),
  push: maybe(
    fields({ mode: oneOf('main', 'branch', 'none'), refused: maybe(fields({ to: text, why: text, details: texts })) }),
  ),
  reversibility,
  concurrency: fields({ wide: number, swap: number }),
  steps: listOf(step),
});

/** @returns undefined where there is none. @throws refused for a newer schema, a damaged file, a link or FIFO in its place. */
export function readPlan(host: Host, path: string): Plan | undefined {
  if (!regularFile(host, path)) return undefined;
  const content = host.files.readText(path, { maxBytes: MAX_BYTES });
  if (content === undefined) return undefined;
  return readShape(content, path, 'plan', PLAN) as Plan;
}

/** Replaces the file whole, 0600; makes the release's records folder. */
export function writePlan(host: Host, path: string, plan: Plan): void {
  realFolder(host, dirname(path));
  host.files.mkdir(dirname(path));
  regularFile(host, path);
  host.files.replace(path, sealed(plan), { mode: 0o600 });
}
