// just guard-install: after a reboot, releases that wait for their confirmation have their watchdog again.
import { EXIT } from '../model/error.ts';
import { starterOf } from './guard/boot.ts';
import { locked } from './locked.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'guard-install',
    words: [],
    what: 'Has the watchdogs of waiting releases started at boot: by systemd where it runs, else by cron. Again is no harm.',
    flags: {
      uninstall: { type: 'boolean', what: 'take it away again' },
      json: { type: 'boolean', what: 'where it is, as JSON' },
    },
  },
  mutating: true,
  async run(given, world) {
    return await locked(world, '', 'guard-install', async (context) => {
      const starter = await starterOf(context);
      const had = await starter.installed();
      if (given.has('uninstall')) await starter.uninstall();
      else await starter.install();
      const said = given.has('uninstall')
        ? `Nothing of Belay is in ${starter.name} any more: after a reboot nobody watches over a release that waits.`
        : `${had ? 'Installed already' : 'Installed'} in ${starter.name}: at boot, and every minute.`;
      if (given.has('json'))
        world.terminal.say(JSON.stringify({ installed: !given.has('uninstall'), in: starter.name }));
      else world.terminal.say(said);
      return EXIT.ok;
    });
  },
};

if (import.meta.main) void enter(verb);
