// Programs of the host that the engine calls: git, and what archives are made with.
import { type Check, fail, pass } from '../check.ts';
import { atLeast, installing, versionOf } from '../version.ts';

/** @param oldest empty: any will do. */
const program = (id: string, oldest: string): Check => ({
  id,
  async look(at) {
    const install = installing(at, id);
    if (at.host.exec.which(id) === undefined) return [fail(`there is no ${id} on PATH`, install)];
    const found = await versionOf(at, [id, '--version']);
    if (found === undefined) return [fail(`${id} does not run`, install)];
    return [
      atLeast(found, oldest)
        ? pass(`${id} ${found}`)
        : fail(`${id} is ${found}; ${oldest} or newer is needed`, install),
    ];
  },
});

export const git = program('git', '2.30');
export const zstd = program('zstd', '1.3');

export const tar: Check = {
  id: 'tar',
  async look(at) {
    const install = installing(at, 'tar');
    if (at.host.exec.which('tar') === undefined) return [fail('there is no tar on PATH', install)];
    const { stdout } = await at.host.exec.run(['tar', '--version'], {
      cwd: '/',
      env: { PATH: at.host.machine.env.PATH ?? '', LC_ALL: 'C' },
      timeoutMs: 10_000,
      truncate: true,
    });
    const [first = ''] = stdout.split('\n');
    return [
      first.includes('GNU tar') ? pass(first) : fail(`tar is not GNU tar, which backups need: ${first}`, install),
    ];
  },
};
