// What is wrong with a host that releases: its records, backups, packages, and what runs on it. Lines of `just` are the real ones.
import { expect } from 'bun:test';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { BackupRecord } from '../../../scripts/backups/kind.ts';
import { recordText } from '../../../scripts/backups/record.ts';
import { SYSTEM_PATH } from '../../../scripts/dev/engine/packages.ts';
import type { Finding } from '../../../scripts/doctor/check.ts';
import type { ScenarioHost } from '../harness/host.ts';
import { mustRun, runCommand, until } from '../harness/process.ts';
import type { Bed, Case } from './case.ts';

export interface LiveBed extends Bed {
  host: ScenarioHost;
  /** Another one each time it is asked for. */
  next(): string;
}

export function openLiveBed(host: ScenarioHost): LiveBed {
  let serial = 0;
  // Of this machine's own engine nothing is asked.
  host.env.DOCKER_HOST ??= 'unix:///nonexistent/docker.sock';
  return {
    host,
    next() {
      serial += 1;
      return String(serial);
    },
    async look(check) {
      const { stdout } = await runCommand(['just', 'doctor', '--json'], host.prod, host.env);
      const { checks } = JSON.parse(stdout) as { checks: Array<{ check: string; findings: Finding[] }> };
      return checks.find((each) => each.check === check)?.findings ?? [];
    },
    async type(line, answers) {
      // Who asks for a password wants a terminal.
      const terminal = 'printf "$2" | script --quiet --return --command "$1" /dev/null';
      const words = answers === undefined ? ['sh', '-c', line] : ['sh', '-c', terminal, 'sh', line, answers];
      const { code, text } = await runCommand(words, host.prod, host.env);
      return [code, text];
    },
  };
}

const REF = 'refs/asd/deployed';
const pull = ({ host: h }: LiveBed) => h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
const backups = ({ host: h }: LiveBed, service: string) => join(h.prod, '.asd/workspace/backups', service);
const newest = (bed: LiveBed, service: string) =>
  readdirSync(backups(bed, service))
    .filter((name) => /^\d/.test(name))
    .toSorted()
    .at(-1) ?? '';

/** A new version of alpha. */
async function change(bed: LiveBed, more: Record<string, string> = {}): Promise<void> {
  await pull(bed);
  await bed.host.push({ ...(await bed.host.service('alpha', `v${bed.next()}`)), ...more });
}

/** Changes what the newest backup of beta says of itself. */
function dated(bed: LiveBed, fields: Partial<BackupRecord>): void {
  const file = join(backups(bed, 'beta'), newest(bed, 'beta'), 'backup.json');
  const { sum: _, ...record } = JSON.parse(readFileSync(file, 'utf8')) as BackupRecord & { sum: string };
  writeFileSync(file, recordText({ ...record, ...fields }));
}

/** Its only backup is the newest one. */
async function oneBackup(bed: LiveBed): Promise<void> {
  for (const service of ['alpha', 'beta'])
    if (!existsSync(backups(bed, service)) || newest(bed, service) === '')
      await mustRun(['just', 'release-backup', service], bed.host.prod, bed.host.env);
  const keep = newest(bed, 'beta');
  for (const name of readdirSync(backups(bed, 'beta')))
    if (name !== keep) rmSync(join(backups(bed, 'beta'), name), { recursive: true });
}

const LONG_AGO = '2025-01-01T00:00:00.000Z';
const beta = 'packages/beta';

/** Committed, pushed and on this host; then a correction is pushed, and the line brings it. */
export const committed = (check: string, says: string, files: Record<string, string>): Case<LiveBed> => ({
  check,
  name: 'committed wrongly',
  outcome: 'fail',
  says,
  async spoil(bed) {
    await pull(bed);
    await bed.host.push(files, `break ${check}`);
    await bed.host.git(bed.host.prod, 'pull', '--quiet', '--ff-only');
  },
  async meanwhile(bed) {
    const right = await bed.host.service('beta', `right-${bed.next()}`);
    await bed.host.push({
      ...right,
      [`${beta}/scripts/preflight.ts`]: 'export {};\n',
      '.asd/release.yaml': 'branch: main\n',
    });
  },
});

const filter = (bed: LiveBed, text: string) => bed.host.git(bed.host.prod, 'config', 'filter.gate.smudge', text);

export const LIVE: ReadonlyArray<Case<LiveBed>> = [
  {
    check: 'backups',
    name: 'none',
    outcome: 'fail',
    says: /alpha has no backup\nbeta has no backup/,
    before: oneBackup,
    spoil(bed) {
      for (const name of ['alpha', 'beta']) rmSync(backups(bed, name), { recursive: true });
    },
  },
  {
    check: 'backups',
    name: 'never read back for long',
    outcome: 'fail',
    says: /none was read back for \d+ days/,
    before: oneBackup,
    spoil: (bed) => dated(bed, { verifiedAt: LONG_AGO }),
  },
  {
    check: 'backups',
    name: 'too old',
    outcome: 'fail',
    says: /beta: the newest is \d+ days old/,
    before: oneBackup,
    spoil: (bed) => dated(bed, { startedAt: LONG_AGO }),
  },
  {
    check: 'backups',
    name: 'old',
    outcome: 'warn',
    says: /beta: the newest is 1\d days old/,
    before: oneBackup,
    spoil: (bed) => dated(bed, { startedAt: new Date(Date.now() - 10 * 86_400_000).toISOString() }),
  },
  {
    check: 'backups',
    name: 'what a killed one left',
    outcome: 'warn',
    says: '20250101_000000.partial is no backup',
    before: oneBackup,
    spoil: (bed) => mkdirSync(join(backups(bed, 'beta'), '20250101_000000.partial')),
  },
  {
    check: 'backups',
    name: 'a restore left in the middle',
    outcome: 'fail',
    says: 'a restore of beta from',
    before: oneBackup,
    spoil(bed) {
      const stamp = newest(bed, 'beta');
      const folder = join(backups(bed, 'beta'), `.restore-${stamp}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        join(folder, 'restore.json'),
        JSON.stringify({
          stamp,
          startedAt: new Date().toISOString(),
          ran: ['beta'],
          only: 'config',
          stage: 'restoring',
        }),
      );
    },
    // The flag of the first line begins nothing.
    async after(bed) {
      const again = await bed.host.run('restore', ['beta', newest(bed, 'beta'), '--skip-data']);
      expect([again.code, again.text]).toEqual([2, expect.stringContaining('--skip-data only ends one')]);
    },
  },
  {
    check: 'space',
    name: 'too little for the next backups',
    outcome: 'fail',
    says: 'free for backups; the last ones of 2 services took',
    async before(bed) {
      await oneBackup(bed);
      const small = join(bed.host.folder, 'small');
      mkdirSync(small);
      await mustRun(['mount', '-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', small], '/', { PATH: SYSTEM_PATH });
      cpSync(join(bed.host.prod, '.asd/workspace/backups'), small, { recursive: true, preserveTimestamps: true });
      chmodSync(small, 0o700);
      appendFileSync(join(bed.host.prod, '.asd/release.yaml'), `backup: { dir: ${small} }\n`);
    },
    // Leftovers of a killed backup, which prune removes, take what is left.
    async spoil(bed) {
      const leftover = join(bed.host.folder, 'small/alpha/20250101_000000.partial');
      mkdirSync(leftover);
      await runCommand(['sh', '-c', `head -c 4000000 /dev/zero > ${leftover}/data`], '/', { PATH: SYSTEM_PATH });
    },
    async after(bed) {
      await bed.host.git(bed.host.prod, 'checkout', '--quiet', 'HEAD', '--', '.asd/release.yaml');
      await mustRun(['umount', join(bed.host.folder, 'small')], '/', { PATH: SYSTEM_PATH });
    },
  },
  {
    check: 'git-deployed',
    name: 'nothing is marked, and nothing was released',
    outcome: 'fail',
    says: 'nothing is marked as deployed',
    spoil: ({ host: h }) => h.git(h.prod, 'update-ref', '-d', REF),
  },
  {
    check: 'git-deployed',
    name: 'nothing is marked after a release',
    outcome: 'fail',
    says: 'nothing is marked as deployed',
    async before(bed) {
      await change(bed);
      await mustRun(['just', 'release-run', 'DEP-1'], bed.host.prod, bed.host.env);
    },
    spoil: ({ host: h }) => h.git(h.prod, 'update-ref', '-d', REF),
  },
  committed('services', 'beta', { [`${beta}/ecosystem.config.cjs`]: 'module.exports = 3;\n' }),
  committed('manifests', 'packages/beta/manifest.yaml', { [`${beta}/manifest.yaml`]: 'name: beta\nrole: app\n' }),
  committed('hooks', 'preflight.ts does not parse', { [`${beta}/scripts/preflight.ts`]: 'export const = 1;\n' }),
  committed('settings', 'did you mean "concurrency"', { '.asd/release.yaml': 'concurency: 3\n' }),
  {
    check: 'ports',
    name: 'two services with one project',
    outcome: 'fail',
    says: 'compose project same is claimed by',
    async spoil(bed) {
      await pull(bed);
      const twin = (name: string) =>
        `name: ${name}\nruntime: compose\ncompose: { project: same }\ncontainers: [{ name: ${name}, role: app }]\n`;
      await bed.host.push({ 'packages/one/manifest.yaml': twin('one'), 'packages/two/manifest.yaml': twin('two') });
      await bed.host.git(bed.host.prod, 'pull', '--quiet', '--ff-only');
    },
    async meanwhile(bed) {
      await bed.host.push({ 'packages/one/manifest.yaml': null, 'packages/two/manifest.yaml': null });
      await change(bed);
    },
  },
  {
    check: 'releases',
    name: 'halted, until its cause is gone',
    outcome: 'fail',
    says: 'HALT-1 is halted in migrate',
    async spoil(bed) {
      const { host: h } = bed;
      const ready = join(h.folder, 'ready');
      const hook = `import { existsSync } from 'node:fs';\nif (!existsSync('${ready}')) process.exit(3);\n`;
      await change(bed, { 'packages/alpha/scripts/ensure-config.ts': hook });
      await h.run('run', ['HALT-1']);
    },
    meanwhile: ({ host: h }) => writeFileSync(join(h.folder, 'ready'), ''),
    // The others are ways to end it otherwise.
    lines: 1,
  },
  {
    check: 'releases',
    name: 'it waits for its confirmation',
    outcome: 'fail',
    says: /WAIT-\d+ is awaiting-confirm/,
    async spoil(bed) {
      await change(bed);
      await bed.host.run('run', [`WAIT-${bed.next()}`, '--confirm-within=10m', '--detach']);
    },
    // The others put it back, which may be the watchdog's work and then takes its time, give more time, or look.
    lines: 1,
    after: ({ host: h }) => until('the watchdogs are gone', () => h.strays().length === 0),
  },
  {
    check: 'releases',
    name: 'its revert is not on origin',
    outcome: 'fail',
    says: /the revert of BACK-1 is not on origin/,
    async spoil(bed) {
      const { host: h } = bed;
      await change(bed);
      await mustRun(['just', 'release-run', 'BACK-1'], h.prod, h.env);
      await h.git(h.prod, 'remote', 'set-url', '--push', 'origin', join(h.folder, 'nowhere'));
      await h.run('revert', ['BACK-1']);
    },
    meanwhile: ({ host: h }) => h.git(h.prod, 'config', '--unset-all', 'remote.origin.pushurl'),
  },
  {
    check: 'releases',
    name: 'its state was changed by hand',
    outcome: 'fail',
    says: 'the state file of DEP-1 was changed by hand',
    spoil({ host: h }) {
      const file = join(h.prod, '.asd/workspace/releases/DEP-1.env');
      writeFileSync(file, readFileSync(file, 'utf8').replace('PHASE_STATUS=done', 'PHASE_STATUS=failed'));
    },
  },
  {
    check: 'git-index-lock',
    name: 'left by a release that died while it moved the checkout',
    outcome: 'fail',
    says: 'index.lock was left by DIED-1, which died while it moved the checkout',
    async before(bed) {
      const { host: h } = bed;
      await change(bed, { '.gitattributes': 'gated filter=gate\n', gated: 'first\n' });
      await h.git(h.prod, 'config', 'filter.gate.clean', 'cat');
      await filter(bed, 'cat');
      await mustRun(['just', 'release-run', 'DIED-0'], h.prod, h.env);
    },
    async spoil(bed) {
      const { host: h } = bed;
      const [gate, reached] = [join(h.folder, 'gate-move'), join(h.folder, 'reached')];
      writeFileSync(gate, '');
      await filter(
        bed,
        `if [ "$PWD" = '${h.prod}' ]; then : > '${reached}'; while [ -e '${gate}' ]; do sleep 0.05; done; fi; cat`,
      );
      await change(bed, { gated: 'second\n' });
      const run = h.start('run', ['DIED-1']);
      await until('it moves the checkout', () => existsSync(reached));
      await run.crash('all');
    },
    meanwhile: ({ host: h }) => h.openGate('move'),
  },
  {
    check: 'git-branch',
    name: 'a hotfix is deployed, and was merged',
    outcome: 'warn',
    says: 'a hotfix is deployed',
    async spoil(bed) {
      const { host: h } = bed;
      await pull(bed);
      await h.git(h.dev, 'checkout', '--quiet', '-b', 'hotfix/one');
      await h.push(await h.service('alpha', 'hotfix'), 'hotfix', 'hotfix/one');
      await h.git(h.dev, 'checkout', '--quiet', 'main');
      await h.git(h.prod, 'switch', '--quiet', '--create', 'hotfix/one');
      await mustRun(['just', 'release-run', 'FIX-1', 'hotfix/one', '--force-allow-non-main'], h.prod, h.env);
    },
    async meanwhile({ host: h }) {
      await h.git(h.dev, 'merge', '--quiet', '--squash', 'hotfix/one');
      await h.push({}, 'squash of hotfix/one');
    },
  },
  {
    check: 'lock',
    name: 'a release in the middle',
    outcome: 'fail',
    says: /it is held by release-run HOLD-\d+/,
    async spoil(bed) {
      const { host: h } = bed;
      const [gate, ticket] = [join(h.folder, 'gate-hold'), `HOLD-${bed.next()}`];
      writeFileSync(gate, '');
      const hook = `import { existsSync } from 'node:fs';\nwhile (existsSync('${gate}')) await Bun.sleep(20);\n`;
      await change(bed, { 'packages/alpha/scripts/ensure-config.ts': hook });
      h.start('run', [ticket]);
      await h.event(ticket, { event: 'step-start', step: 'ensure-config' });
    },
    // It ends while the line watches, or waits.
    meanwhile: ({ host: h }) => void setTimeout(() => h.openGate('hold'), 500),
    settle: ({ host: h }) => until('the release is over', () => h.strays().length === 0),
  },
  {
    check: 'guard',
    name: 'nobody watches after a reboot',
    outcome: 'fail',
    says: 'after a reboot nobody watches',
    async before(bed) {
      const { host: h } = bed;
      const bin = join(h.folder, 'bin');
      const program = (name: string, text: string) =>
        writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      mkdirSync(bin);
      program('systemctl', 'echo offline; exit 1');
      program(
        'crontab',
        `case $1 in -l) cat '${h.folder}/crontab' ;; -) cat > '${h.folder}/crontab' ;; *) exit 2 ;; esac`,
      );
      h.env.PATH = `${bin}:${h.env.PATH}`;
      await pull(bed);
      await bed.host.push({ '.asd/release.yaml': 'branch: main\nconfirm: { within: 10m }\n' });
      await h.git(h.prod, 'pull', '--quiet', '--ff-only');
      await mustRun(['just', 'guard-install'], h.prod, h.env);
    },
    spoil: ({ host: h }) => writeFileSync(join(h.folder, 'crontab'), ''),
    standIn: "it writes the user's crontab; a scenario of its own has a real cron, and one a real systemd",
  },
  {
    check: 'pm2',
    name: 'its daemon is gone',
    outcome: 'warn',
    says: 'has no daemon in',
    before: async (bed) => void (await pm2(bed, 'save')),
    spoil: async (bed) => void (await pm2(bed, 'kill')),
    after: ({ host: h }) => until('alpha answers', async () => (await h.httpVersion('alpha')) !== undefined),
  },
];

const pm2 = ({ host: h }: LiveBed, verb: string) =>
  mustRun([process.execPath, '--bun', join(h.engine, 'node_modules/pm2/bin/pm2'), verb], h.prod, h.env);
