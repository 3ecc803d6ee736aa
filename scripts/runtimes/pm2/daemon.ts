// Whether pm2's daemon runs: told from its pid file, since every call of pm2 starts one.
import { join } from 'node:path';
import type { RuntimeContext } from '../runtime.ts';
import { pm2Home } from './command.ts';

export function pm2Runs(context: RuntimeContext): boolean {
  const { files, machine } = context.host;
  const pid = Number(files.readText(join(pm2Home(context), 'pm2.pid')) ?? '0');
  return pid > 0 && machine.alive(pid);
}
