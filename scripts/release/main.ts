// The frozen engine's entry: every mutating verb by its name.
import { dirname } from 'node:path';
import { openHost } from '../host/real.ts';
import { openTerminal } from '../host/terminal.ts';
import { verb as abandon } from './abandon.ts';
import { verb as accept } from './accept.ts';
import { verb as adopt } from './adopt.ts';
import { verb as backup } from './backup.ts';
import { verb as backupPrune } from './backup-prune.ts';
import { verb as backupVerify } from './backup-verify.ts';
import { verb as confirm } from './confirm.ts';
import { verb as extend } from './extend.ts';
import { verb as guardInstall } from './guard-install.ts';
import { verb as migrate } from './migrate.ts';
import { verb as prepare } from './prepare.ts';
import { verb as restore } from './restore.ts';
import { verb as returnToMain } from './return-to-main.ts';
import { verb as revert } from './revert.ts';
import { verb as run } from './run.ts';
import { verb as sweep } from './sweep.ts';
import { verb as ticket } from './ticket.ts';
import { runVerb } from './verb.ts';
import { verb as verify } from './verify.ts';

const VERBS = [
  run,
  revert,
  prepare,
  migrate,
  ticket,
  verify,
  adopt,
  abandon,
  accept,
  returnToMain,
  backup,
  backupVerify,
  backupPrune,
  restore,
  confirm,
  extend,
  sweep,
  guardInstall,
];

/** @returns the exit code. */
export async function main(name: string, args: readonly string[]): Promise<number> {
  const host = openHost();
  const verb = VERBS.find((v) => v.usage.verb === name);
  if (!verb) throw new Error(`the frozen engine has no verb ${JSON.stringify(name)}`);
  return await runVerb(verb, args, {
    host,
    terminal: openTerminal(),
    engine: host.machine.env.ASD_ENGINE ?? dirname(Bun.main),
  });
}
