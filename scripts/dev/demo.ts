// `just demo`: a host in a temporary folder, a release that works and one that does not. --docker: on Compose. --keep: leave it there.
import { parseArgs } from 'node:util';
import { messageOf } from '../model/error.ts';
import { dockerDemo } from './demo/docker.ts';
import { openFolder } from './demo/folder.ts';
import { pm2Demo } from './demo/pm2.ts';
import { say } from './demo/show.ts';
import { tell } from './demo/story.ts';

const HELP = `just demo [--docker] [--keep]

A release on a host that is made up for it, in a temporary folder: three small services, a release that changes two of
them, and one that is broken on purpose. Takes under a minute and leaves nothing behind.

  --docker  on Docker Compose instead of pm2, with a Docker engine of its own (as root on Debian)
  --keep    keep the folder and its services, and say where they are`;

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
/** How long an interrupted story may take to come to an end. */
const SETTLE_MS = 10_000;

function options(): { docker: boolean; keep: boolean; help: boolean } | undefined {
  try {
    const flag = { type: 'boolean', default: false } as const;
    return parseArgs({
      args: process.argv.slice(2),
      options: { docker: flag, keep: flag, help: { ...flag, short: 'h' } },
    }).values;
  } catch (error) {
    console.error(messageOf(error));
    return undefined;
  }
}

async function main(): Promise<number> {
  const asked = options();
  if (!asked || asked.help) {
    console.log(HELP);
    return asked ? 0 : 2;
  }
  const folder = openFolder();
  const demo = asked.docker ? dockerDemo(folder) : pm2Demo(folder);
  const interrupted = signalled();
  const story = tell(folder, demo).catch((error: unknown) => {
    if (!folder.interrupted) say('', `The demo failed: ${messageOf(error)}`);
    return 1;
  });
  const code = await Promise.race([story, interrupted]);
  folder.interrupt();
  await Promise.race([story, Bun.sleep(SETTLE_MS)]);
  if (asked.keep) {
    say('', `Kept in ${folder.path}; prod/ is the host.`, ...demo.kept);
    return code;
  }
  await demo.stop();
  const left = await folder.close();
  say('', left.length === 0 ? 'Nothing is left behind: no process, no folder.' : `Left behind: ${left.join(', ')}`);
  return code === 0 && left.length > 0 ? 1 : code;
}

/** @returns the exit code for the first signal that asks us to end. */
function signalled(): Promise<number> {
  return new Promise((resolve) => {
    for (const [signal, code] of Object.entries(SIGNALS)) process.on(signal, () => resolve(code));
  });
}

process.exit(await main());
