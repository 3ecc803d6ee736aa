// Bugs in what runs, waits, saves and puts back.
import type { Points, Sabotage } from './sabotages.ts';

const POWER: Points = { kind: 'power', only: 'release of one service', most: 120 };

export const ENGINE: readonly Sabotage[] = [
  {
    what: 'a deadline waits for ever after a boot in 1970',
    file: 'model/deadline.ts',
    find: 'return Math.max(now.wallMs - at.wallMs, now.bootMs);',
    put: 'return now.wallMs - at.wallMs;',
    seenBy: ['release/guard/settle.test.ts'],
  },
  {
    what: 'a revert is tried once less than was said',
    file: 'release/guard/settle.ts',
    find: 'if (tries <= RETRIES)',
    put: 'if (tries < RETRIES)',
    seenBy: ['release/guard/settle.test.ts'],
  },
  {
    what: 'a step that failed counts as done',
    file: 'engine/execute.ts',
    find: '          failures.push(error);\n',
    put: '          finished.add(step.id);\n          void error;\n',
    seenBy: ['engine/execute.test.ts'],
  },
  {
    what: 'the intent is written after the effect',
    file: 'engine/attempt.ts',
    find: "    run.persist(step, fields);\n    note('step-done'",
    put: "    note('step-done', {});\n    run.persist(step, fields);\n    note('step-done'",
    seenBy: ['engine/attempt.test.ts'],
  },
  {
    what: 'the start of a step is not written down',
    file: 'engine/attempt.ts',
    find: "  note('step-start', {});\n",
    put: '',
    seenBy: ['engine/attempt.test.ts'],
  },
  {
    what: 'a service counts as well at its first good answer',
    file: 'runtimes/health.ts',
    find: 'if (now - wellSince.at >= options.stableForMs) return;',
    put: 'return;',
    seenBy: ['runtimes/health.test.ts'],
  },
  {
    what: 'a service that was started anew in between counts as steady',
    file: 'runtimes/health.ts',
    find: 'if (wellSince?.identity !== verdict.identity) wellSince',
    put: 'if (wellSince === undefined) wellSince',
    seenBy: ['runtimes/health.test.ts'],
  },
  {
    what: 'hooks of the checkout run at git calls',
    file: 'host/git/run.ts',
    find: "  'core.hooksPath=/dev/null',\n",
    put: '',
    seenBy: ['host/git/advance.test.ts', 'host/git/repository.test.ts'],
  },
  {
    what: 'an ignored file in the way of the target is overwritten',
    file: 'host/git/target.ts',
    find: '    const found = await collisions(repo, head, target);\n',
    put: '    const found = (await collisions(repo, head, target)).slice(0, 0);\n',
    seenBy: ['host/git/target.test.ts'],
  },
  {
    what: 'a key of a manifest that stands there twice passes',
    file: 'manifest/tree.ts',
    find: '      if (before !== undefined) {\n',
    put: '      if (before === -1) {\n',
    seenBy: ['manifest/document.test.ts', 'manifest/parse.test.ts'],
  },
  {
    what: 'the receipt does not learn of the Advance',
    file: 'release/steps/prepare.ts',
    find: '  session.receipt.mergeSha = step.targetSha;\n',
    put: '',
    seenBy: [],
    points: { kind: 'kill', only: 'release that is put back by itself', most: 1 },
  },
];

export const BACKUPS: readonly Sabotage[] = [
  {
    what: 'a backup gets its name before it is on the disk',
    file: 'backups/take.ts',
    find: '    flushTree(context.host, partial, trees);\n',
    put: '',
    seenBy: ['backups/take.test.ts'],
  },
  {
    what: 'the name of a backup is not flushed',
    file: 'backups/take.ts',
    find: '    files.sync(join(options.dir, context.service.name));\n    return { ...verified',
    put: '    return { ...verified',
    seenBy: ['backups/take.test.ts'],
    points: POWER,
  },
  {
    what: 'a backup is not read back',
    file: 'backups/take.ts',
    find: '        kindOf(item, item.name).check(context, item, partial, written, bases.get(item)),\n',
    put: '        Promise.resolve([kindOf, item, partial, written]),\n',
    seenBy: ['backups/take.test.ts'],
  },
  {
    what: 'the record of a backup is believed without its checksum',
    file: 'backups/record.ts',
    find: 'return sha256(`${text.slice(0, found.index)}\\n}`) === found[1];',
    put: 'return sha256(text) !== found[1];',
    seenBy: ['dev/torture/long-forms.test.ts'],
  },
  {
    what: 'what was paused for a backup stays paused',
    file: 'backups/pause.ts',
    find: '    return await quiet.release();\n',
    put: '    return 1;\n',
    seenBy: ['backups/take.test.ts'],
  },
  {
    what: 'live data is deleted before its replacement is in place',
    file: 'backups/beside.ts',
    find: '  if (there(files, at.live)) move(files, at.live, at.old);\n  else',
    put: '  if (there(files, at.live)) files.remove(at.live);\n  else',
    seenBy: ['backups/beside.test.ts'],
    points: { kind: 'kill', only: 'restore by hand', most: 60 },
  },
  {
    what: 'a rename of data is not flushed',
    file: 'backups/beside.ts',
    find: '  files.rename(from, to);\n  files.sync(dirname(to));',
    put: '  files.rename(from, to);',
    seenBy: [],
    points: { kind: 'power', only: 'restore by hand', most: 200 },
  },
  {
    what: 'what somebody changed in .env after the release is overwritten',
    file: 'backups/config/merge-env.ts',
    find: 'differing.filter((name) => of(current[name]) === left(name));',
    put: 'differing;',
    seenBy: ['backups/config/merge-env.test.ts'],
  },
];
