// A real git remote that misbehaves: it stops in the middle of a transfer either way, refuses the push, is rewritten between the look and the Advance.
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../../../../tests/scenarios/harness/process.ts';
import { randomAt, type Wish } from '../long-form.ts';
import { folderCopies } from './folder.ts';
import { type RealHosts, realForm } from './form.ts';
import { openRealHost, type RealHost, T } from './host.ts';
import { differences, lookAt, prepare, recover } from './recover.ts';

/** More than all that either side says here. */
const LONGEST = 6000;

interface Trouble {
  of: 'release-run' | 'release-revert';
  /** Exit codes that it may end with. */
  codes: readonly number[];
  /** Makes the remote so; `bytes` of its answer get through. */
  make(host: RealHost, bytes: number): Promise<void>;
  mend(host: RealHost): Promise<void>;
}

const config = (host: RealHost, ...words: string[]) => mustRun(['git', 'config', ...words], host.prod, host.env);

function program(path: string, text: string): string {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** A program of the remote's whose answer ends in the middle. */
const cut = (name: string, command: string) => ({
  async make(host: RealHost, bytes: number) {
    const text = `#!/bin/sh\ngit ${command} "$@" | head -c ${bytes}\n`;
    await config(host, `remote.origin.${name}`, program(join(host.folder, 'trouble'), text));
  },
  async mend(host: RealHost) {
    await config(host, '--unset', `remote.origin.${name}`);
  },
});

const TROUBLES: Record<string, Trouble> = {
  'stops in the middle of a fetch': { of: 'release-run', codes: [0, 4], ...cut('uploadpack', 'upload-pack') },
  'stops in the middle of a push': { of: 'release-revert', codes: [0, 9], ...cut('receivepack', 'receive-pack') },
  'refuses the push': {
    of: 'release-revert',
    codes: [9],
    async make(host) {
      program(join(host.origin, 'hooks/pre-receive'), '#!/bin/sh\necho frozen >&2\nexit 1\n');
    },
    async mend(host) {
      rmSync(join(host.origin, 'hooks/pre-receive'));
    },
  },
  'is force-pushed between the look and the Advance': {
    of: 'release-run',
    codes: [1],
    async make(host) {
      const sha = await mustRun(['git', 'rev-parse', 'HEAD'], host.prod, host.env);
      // The stage is laid out after the look and before the Advance: what git runs for a file there is in between.
      const text = `#!/bin/sh\nenv -i PATH="$PATH" git --git-dir '${host.origin}' update-ref refs/heads/main ${sha}\ncat\n`;
      await config(host, 'filter.late.smudge', program(join(host.folder, 'trouble'), text));
      await config(host, 'filter.late.clean', 'cat');
      writeFileSync(join(host.prod, '.git/info/attributes'), 'README.md filter=late\n');
    },
    async mend(host) {
      rmSync(join(host.prod, '.git/info/attributes'));
      await config(host, '--remove-section', 'filter.late');
    },
  },
};

async function open({ seed }: Wish): Promise<RealHosts> {
  const host = await openRealHost();
  try {
    const copies = folderCopies(host);
    const inOrigin = (...words: string[]) => mustRun(['git', '--git-dir', host.origin, ...words], '/', host.env);
    const target = await inOrigin('rev-parse', 'main');
    const expected = await prepare(host, copies);
    const names = Object.keys(TROUBLES);
    const visit: RealHosts['visit'] = async (at) => {
      const random = randomAt(seed, at);
      const name = names[at % names.length] ?? '';
      // Cut early more often: the rest of an answer is one pack.
      const bytes = random(1 + random(LONGEST));
      const trouble = TROUBLES[name];
      if (trouble === undefined) return 'missed';
      const { of, codes } = trouble;
      await copies.load(of === 'release-run' ? 'begin' : 'done');
      await trouble.make(host, bytes);
      const ended = await host.run(of, T);
      await trouble.mend(host);
      const where = `${of} with a remote that ${name} (${bytes} bytes), exit ${ended.code}`;
      if (!codes.includes(ended.code))
        return { where, what: `instead of ${codes.join(' or ')}: ${ended.text.slice(-600)}` };
      const refused = of === 'release-run' && ended.code !== 0;
      const moved = refused ? differences(expected.before, await lookAt(host), ['remote']) : [];
      if (moved.length > 0) return { where, what: `refused, but ${moved.join('; ')}` };
      if (of === 'release-run') await inOrigin('update-ref', 'refs/heads/main', target);
      return { where, what: await recover(host, copies, expected, ended, of) };
    };
    return { visit, close: host.close };
  } catch (error) {
    await host.close();
    throw error;
  }
}

export const REMOTE = realForm({
  kind: 'remote',
  what: 'real git: a remote that stops in mid-transfer, refuses the push, is rewritten meanwhile',
  count: 100,
  lacks: () => undefined,
  open,
});
