// guard-install with Debian's own cron, in a namespace: a reboot by cron's own @reboot puts back what nobody confirmed.
import { afterAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_PATH } from '../../scripts/dev/engine/packages.ts';
import { endAll, kill, runCommand, startCommand, until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

const folder = mkdtempSync(join(tmpdir(), 'belay-cron-'));
const lacks = unpack();
if (lacks !== undefined) {
  if (process.env.CI === 'true') throw new Error(`no cron for the tests: ${lacks}`);
  console.warn(`skipped, no cron for the tests: ${lacks}`);
}

/** Debian's package, unpacked; nothing is installed. @returns what stands in the way. */
function unpack(): string | undefined {
  const works = (...argv: string[]) => spawnSync(argv[0] ?? '', argv.slice(1), { cwd: folder }).status === 0;
  if (!works('apt-get', 'download', 'cron')) return 'the package cron cannot be downloaded';
  if (!works('sh', '-c', 'dpkg -x cron_*.deb root')) return 'dpkg cannot unpack it';
  return works('unshare', '--mount', 'true') ? undefined : 'there are no mount namespaces';
}

afterAll(async () => {
  await endAll(folder);
  rmSync(folder, { recursive: true, force: true });
});

onBoth(
  'guard, cron',
  { services: { alpha: {} } },
  (host) => {
    test.skipIf(lacks !== undefined)('installed by the real crontab, started by the real cron', async () => {
      const h = host();
      // Its own spool, its own /run: that of this machine is not touched. PAM has no service for cron here, and takes `other`.
      const [spool, bin] = [join(folder, 'spool'), join(folder, 'root/usr/bin')];
      mkdirSync(join(spool, 'crontabs'), { recursive: true, mode: 0o755 });
      const inside = (command: string) => [
        'unshare',
        '--mount',
        'sh',
        '-c',
        `mount -t tmpfs tmpfs /var/spool && mkdir /var/spool/cron && mount --bind '${spool}' /var/spool/cron && mount -t tmpfs tmpfs /run && mount --bind '${folder}/root/etc/pam.d' /etc/pam.d 2>/dev/null; ${command}`,
      ];
      writeFileSync(
        join(folder, 'root/etc/pam.d/cron'),
        'account required pam_permit.so\nsession required pam_permit.so\nauth required pam_permit.so\n',
      );
      const env = { ...h.env, PATH: `${bin}:${h.env.PATH}` };
      const installed = await runCommand(
        inside(`cd '${h.prod}' && just guard-install && just guard-install && crontab -l`),
        h.prod,
        env,
      );
      expect(installed.text).toContain('Installed in the crontab of this user');
      expect(installed.text).toContain('Installed already');
      expect(installed.text.match(/^@reboot /gm)).toHaveLength(1);

      const base = await h.head();
      await h.push(await h.service('alpha', '2'));
      expect((await h.run('run', ['C-1', '--confirm-within=1s', '--detach'])).code).toBe(10);
      for (const line of h.strays()) kill(Number(line.split(' ')[0]), 'SIGKILL');
      await until('everything is dead', () => h.strays().length === 0);
      const cron = startCommand(inside(`cd '${folder}'; exec '${folder}/root/usr/sbin/cron' -f`), folder, {
        PATH: SYSTEM_PATH,
      });
      await until(
        () => `C-1 is reverted; it is ${h.state('C-1')?.RELEASE_STATUS}`,
        () => h.state('C-1')?.RELEASE_STATUS === 'reverted',
        90_000,
      );
      await until('its watchdog is gone', () => h.strays().length === 0, 90_000);
      kill(cron.pid, 'SIGKILL');
      expect(h.log('C-1').filter((e) => e.event === 'reverted')).toHaveLength(1);
      expect(await h.git(h.prod, 'rev-parse', 'HEAD^{tree}')).toBe(await h.git(h.prod, 'rev-parse', `${base}^{tree}`));
      const gone = await runCommand(
        inside(`cd '${h.prod}' && just guard-install --uninstall; crontab -l`),
        h.prod,
        env,
      );
      expect(gone.text).not.toContain('@reboot');
    });
  },
  ['pm2'],
);
