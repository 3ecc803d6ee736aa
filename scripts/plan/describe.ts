// A plan in words: one table for the steps, one page for the whole.
import type { Plan, Reason, Reversibility, ServicePlan, StepKind, StepOf } from '../model/step.ts';
import { describeNotes } from './notes.ts';

type Describers = { [K in StepKind]: (step: StepOf<K>) => string };

const DESCRIBE: Describers = {
  stage: (s) => `lay out ${short(s.targetSha)} beside the live tree`,
  'freeze-scripts': (s) => `keep a copy of ${s.paths.join(', ')}`,
  hook: (s) => `run ${s.path}`,
  images: (s) =>
    s.runtime === 'pm2'
      ? 'note the tree that is to run'
      : 'get the images (pull by digest, or build) without touching a tag',
  'keep-images': (s) => (s.runtime === 'pm2' ? 'note the tree that runs now' : 'keep the images that run now'),
  backup: (s) => `back up ${s.types.join(', ')}`,
  advance: (s) => `move the checkout ${short(s.fromSha)} -> ${short(s.targetSha)}`,
  down: () => 'stop and remove its containers (volumes stay)',
  install: (s) => `run ${s.argv.join(' ')}`,
  up: (s) => (s.end === 'before' ? 'start the version from before' : 'start the new version'),
  healthy: () => 'wait until it is healthy',
  script: (s) => `run ${s.path}`,
  head: (s) => `the checkout is ${short(s.targetSha)}`,
  image: (s) => (s.runtime === 'pm2' ? 'the noted tree runs' : 'the recorded images run'),
  version: () => 'the version endpoint says the new version',
  health: () => 'the health endpoint answers, steadily',
  e2e: (s) => `run ${s.argv.join(' ')}`,
  'restore-data': (s) => `bring its data back from ${s.stamp}`,
  stop: () => 'stop it while the data that it shares is swapped',
  'restore-config': (s) => `bring back from ${s.stamp} what the release changed in its configuration`,
  'settle-data': () => 'drop the data that was replaced',
  compare: () => 'compare with what was there before the release',
  'go-back': (s) => `move the checkout ${short(s.fromSha)} -> ${short(s.toSha)}`,
  push: () => 'push the revert',
  deployed: (s) => `mark ${short(s.targetSha)} as deployed`,
};

const short = (sha: string): string => sha.slice(0, 12);

export function describeStep<K extends StepKind>(step: StepOf<K>): string {
  return (DESCRIBE[step.kind as K] as (step: StepOf<K>) => string)(step);
}

const REASONS: { [K in Reason['kind']]: (reason: Extract<Reason, { kind: K }>) => string } = {
  path: (r) => (r.count > 1 ? `${r.path} and ${r.count - 1} more` : r.path),
  watch: (r) => `${r.path} (watched: ${r.glob})`,
  shared: (r) => `${r.path} (shared: ${r.glob})`,
  added: () => 'new on this host',
  removed: (r) => r.how,
  asked: () => 'asked for by --services',
  superseded: (r) => `taken over from ${r.ticket}`,
  group: (r) => `of the group ${r.group}, released together with ${r.with}`,
};

export function describeReason(reason: Reason): string {
  return (REASONS[reason.kind] as (reason: Reason) => string)(reason);
}

export const describeReversibility = (r: Reversibility): string =>
  r.level === 'instant' ? 'instant' : `${r.level}: ${r.why.join('; ')}`;

/** @param bytes undefined: unknown. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return 'size unknown';
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** @param seconds undefined: unknown. */
export function formatSeconds(seconds: number | undefined): string {
  if (seconds === undefined) return 'unknown';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** The plan as an operator reads it. */
export function describePlan(plan: Plan): string[] {
  const lines = [
    `Release ${plan.ticket}: ${plan.branch} ${short(plan.baseSha)} -> ${short(plan.targetSha)}`,
    ...(plan.headSha === plan.baseSha
      ? []
      : [`The checkout stands at ${short(plan.headSha)}: it was moved by hand since the last release.`]),
  ];
  for (const service of plan.services) lines.push('', ...describeService(service));
  if (plan.scripts.length > 0) {
    lines.push('', 'Ticket scripts:');
    for (const s of plan.scripts)
      lines.push(`  ${s.path}  ${s.revert === undefined ? '(no revert script)' : `(taken back by ${s.revert})`}`);
  }
  if (plan.unclassified.length > 0) {
    lines.push('', 'Changed, but belongs to nothing that is known (see `shared:` in .asd/release.yaml):');
    lines.push(...plan.unclassified.slice(0, 20).map((path) => `  ${path}`));
    if (plan.unclassified.length > 20) lines.push(`  and ${plan.unclassified.length - 20} more`);
  }
  lines.push(...describeNotes(plan.notes));
  for (const notice of plan.notices) lines.push('', `Notice: ${notice}`);
  lines.push(
    '',
    `Backups: ${formatBytes(plan.space.neededBytes)} before compression, ${formatBytes(plan.space.freeBytes)} free in ${plan.space.dir}`,
    `Expected duration: ${formatSeconds(plan.expected.durationS)}`,
    `Reversible: ${describeReversibility(plan.reversibility)}`,
    ...(plan.push ? [`A revert's git: push: ${plan.push.mode}`] : []),
  );
  return lines;
}

function describeService(service: ServicePlan): string[] {
  const rows: Array<[string, string]> = [['why', service.reasons.map(describeReason).join('; ')]];
  for (const image of service.images) {
    const same = image.from === image.to;
    rows.push([
      'image',
      `${image.component}: ${same ? `${shortImage(image.to)} (unchanged)` : `${shortImage(image.from)} -> ${shortImage(image.to)}`}`,
    ]);
  }
  if (service.hooks.length > 0) rows.push(['runs', service.hooks.join(', ')]);
  if (service.change !== 'added') {
    const items = service.backup.map((b) => `${b.item} (${describeSize(b)})`);
    rows.push(['backup', items.length > 0 ? items.join(', ') : 'none']);
  }
  if (service.uncovered.length > 0) rows.push(['not saved', service.uncovered.join(', ')]);
  const { durationS, downtimeS, pauseS } = service.expected;
  const pause = pauseS === undefined ? '' : `, paused ${formatSeconds(pauseS)} for its backup`;
  rows.push(['expected', `${formatSeconds(durationS)}, down ${formatSeconds(downtimeS)}${pause}`]);
  rows.push(['reversible', describeReversibility(service.reversibility)]);
  for (const notice of service.notices) rows.push(['notice', notice]);
  return [
    `${service.name} (${service.change}, ${service.runtime}, priority ${service.priority})`,
    ...rows.map(([k, v]) => `  ${k.padEnd(11)}${v}`),
  ];
}

/** How it is saved is said where there is a choice. */
function describeSize({ bytes, method }: ServicePlan['backup'][number]): string {
  if (method === 'incremental') return `incremental, ${formatBytes(bytes)} to copy`;
  return method === undefined ? formatBytes(bytes) : `${method}, ${formatBytes(bytes)}`;
}

/** `name:tag sha256:0123456789ab` is enough for people. */
const shortImage = (text: string | undefined): string =>
  (text ?? 'nothing').replace(/(sha256:|tree:)([0-9a-f]{12})[0-9a-f]+/, '$1$2');

/** The steps, one a line, for `--dry-run` and plan.txt. */
export function describeSteps(plan: Plan): string[] {
  return plan.steps.map((step) => {
    const service = 'service' in step ? step.service : '';
    return `${step.phase.padEnd(8)} ${service.padEnd(16)} ${describeStep(step)}`;
  });
}
