// release-stop: the very process that holds the lock is told to stop, and nothing of it is left.
import { expect, test } from 'bun:test';
import { shutGate } from './harness/gate.ts';
import { processesOf, until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

onBoth(
  'release-stop',
  { services: { alpha: {} } },
  (host) => {
    test('what runs stops at its next safe point, and that is proven; --resume goes on', async () => {
      const h = host();
      const gate = shutGate(h.folder, 'stop');
      const waits = h.hook('waits', `Bun.spawn(['sleep', '1000'], { detached: true }).unref();\n${gate.wait}`);
      await h.push(await h.service('alpha', '2', { files: { 'scripts/pre_start_init.ts': waits } }));
      const run = h.start('run', ['S-1']);
      await until('the hook waits', () => h.marks().includes('waits'));
      const other = await h.run('stop', ['S-2']);
      expect(other.text).toContain('Nothing runs for S-2 now; the lock is held by release-run S-1');
      expect(other.code).toBe(4);

      const stop = h.start('stop', ['S-1']);
      expect(await Promise.race([stop.ended.then(() => 'ended'), Bun.sleep(500)])).toBeUndefined();
      gate.open();
      const stopped = await stop.ended;
      expect(stopped.text).toContain('was told to stop; it is in pre-start-init:alpha');
      expect(stopped.text).toContain('S-1 stopped in migrate; nothing of it is running');
      expect(stopped.text).toContain('just release-run S-1 --resume');
      expect(stopped.code).toBe(0);
      expect((await run.ended).code).toBe(8);
      expect(h.strays()).toEqual([]);
      expect(processesOf(h.folder).length).toBeGreaterThan(0);
      expect(h.state('S-1')).toMatchObject({ PHASE: 'migrate', PHASE_STATUS: 'stopped', RELEASE_STATUS: 'halted' });

      const again = await h.run('stop', ['S-1']);
      expect(again.text).toContain('Nothing runs for S-1 now');
      expect(again.code).toBe(4);
      expect((await h.run('run', ['S-1', '--resume'])).code).toBe(0);
    });

    test('a watchdog that puts a release back: stopped, it is left to people, who go on', async () => {
      const h = host();
      const gate = shutGate(h.folder, 'back');
      // The way back runs the ticket's revert script: it waits there.
      await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
      await h.push({
        ...(await h.service('alpha', '3')),
        'releases/S-3-a.sh': 'true\n',
        'releases/S-3-a.revert.sh': `${h.mark('back')}${gate.waitSh}`,
      });
      expect((await h.run('run', ['S-3', '--confirm-within=1s', '--detach'])).code).toBe(10);
      await until('it goes back', () => h.marks().includes('back'), 60_000);
      const stop = h.start('stop', ['S-3']);
      await Bun.sleep(300);
      gate.open();
      const stopped = await stop.ended;
      expect(stopped.text).toContain('S-3 stopped in revert');
      expect(stopped.code).toBe(0);
      await until('the watchdog is gone', () => h.strays().length === 0);
      await h.run('sweep');
      expect(h.state('S-3')).toMatchObject({ PHASE: 'revert', PHASE_STATUS: 'stopped', RELEASE_STATUS: 'reverting' });
      expect((await h.run('revert', ['S-3'])).code).toBe(0);
      expect(h.log('S-3').filter((e) => e.event === 'reverted')).toHaveLength(1);
    });
  },
  ['pm2'],
);
