// The remote is reached over ssh, by a real sshd: a release from it, and what an operator reads when it cannot be had.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onBoth } from './harness/runtimes.ts';
import { type Sshd, sshdLacks, startSshd } from './harness/sshd.ts';

onBoth(
  'a remote over ssh',
  {},
  (host) => {
    if (sshdLacks() !== undefined) return;
    let sshd: Sshd;
    beforeAll(async () => {
      sshd = await startSshd({ LC_ALL: 'C' });
      const h = host();
      await h.git(h.prod, 'remote', 'set-url', 'origin', `${sshd.git.url}${h.origin}`);
      await h.git(h.prod, 'config', 'core.sshCommand', sshd.git.command);
    });
    afterAll(() => sshd.stop());

    test('is fetched from, in a release and in a look', async () => {
      const h = host();
      const target = await h.push(await h.service('alpha', 'v2'), 'over ssh');
      expect((await h.run('check')).code).toBe(0);
      const released = await h.run('run', ['SSH-1']);
      expect(released.code, released.text).toBe(0);
      expect(await h.deployed()).toBe(target);
      expect(await h.httpVersion('alpha')).toBe('v2');
    });

    test('that does not know us, or is not known, is refused without a question, and nothing changes', async () => {
      const h = host();
      await h.push(await h.service('alpha', 'v3'), 'not fetched');
      const before = await h.fingerprint();
      const none = join(h.folder, 'no-hosts');
      writeFileSync(none, '');
      const stranger = sshd.git.command.replace(/UserKnownHostsFile=\S+/, `UserKnownHostsFile=${none}`);
      for (const command of [stranger, sshd.git.command.replace(/-i \S+/, `-i ${none}`)]) {
        await h.git(h.prod, 'config', 'core.sshCommand', command);
        const refused = await h.run('run', ['SSH-2']);
        expect(refused.code, refused.text).toBe(4);
        expect(refused.text).toContain('error:');
        expect(h.state('SSH-2')).toBeUndefined();
      }
      await h.git(h.prod, 'config', 'core.sshCommand', sshd.git.command);
      expect(await h.fingerprint()).toEqual(before);
    });
  },
  ['pm2'],
);
