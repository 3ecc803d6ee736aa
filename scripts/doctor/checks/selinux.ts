// SELinux: binds that it would keep a container out of at its next start, or that one container would take from another.
import { shellWord } from '../../backups/shell.ts';
import { cleanEnvironment } from '../../host/environment.ts';
import type { Mount } from '../../runtimes/runtime.ts';
import { type Check, type Finding, fail, mend, pass, skip } from '../check.ts';
import type { Patient } from '../patient.ts';
import { NEXT_RELEASE } from './settings.ts';

const ENFORCE = '/sys/fs/selinux/enforce';
/** Types that a confined container may read. */
const FOR_CONTAINERS = /^(?:container_(?:file|ro_file|share|var_lib)_t|svirt_sandbox_file_t|nfs_t|cifs_t)$/;
const LOOK_MS = 5_000;

interface Bind {
  service: string;
  component: string;
  mount: Mount;
}

export const selinux: Check = {
  id: 'selinux',
  needs: 'docker',
  async look(at) {
    const { files } = at.host;
    const enforcing = files.stat(ENFORCE) !== undefined && files.readText(ENFORCE)?.trim() === '1';
    const composed = at.services.filter(({ runtime }) => runtime === 'compose');
    const all = await at.each(composed, async (service): Promise<Bind[]> => {
      const { components } = await at.resolved(service);
      return components.flatMap(({ name, mounts }) =>
        mounts.flatMap((mount) => (mount.kind === 'bind' ? [{ service: service.name, component: name, mount }] : [])),
      );
    });
    const binds = all.flat();
    const found = [...privates(binds), ...(enforcing ? await unlabelled(at, binds) : [])];
    if (found.length > 0) return found;
    return [enforcing ? pass(`${binds.length} binds that containers may read`) : skip('SELinux does not enforce here')];
  },
};

/** `Z` makes a folder one container's own: who mounts it, too, loses it when that one starts. */
function privates(binds: readonly Bind[]): Finding[] {
  return binds
    .filter(({ mount }) => mount.label === 'Z')
    .flatMap(({ service, component, mount }) => {
      const others = binds.filter(
        (other) => other.mount.source === mount.source && !(other.service === service && other.component === component),
      );
      if (others.length === 0) return [];
      const names = [...new Set(others.map((other) => `${other.service}:${other.component}`))].join(', ');
      return [
        fail(
          `${service}:${component} labels ${mount.source} as its own alone (:Z), and ${names} has it, too: whoever starts last keeps the others out`,
          { ...NEXT_RELEASE, does: 'once :z, which all containers share, is pushed in place of :Z' },
          mend(
            `grep -rnF -e ${shellWord(mount.target)} ${shellWord(`packages/${service}`)}`,
            'where the mount is written',
          ),
        ),
      ];
    });
}

async function unlabelled({ host }: Patient, binds: readonly Bind[]): Promise<Finding[]> {
  const asked = binds.filter(({ mount }) => mount.label === undefined && host.files.stat(mount.source) !== undefined);
  const sources = [...new Set(asked.map(({ mount }) => mount.source))];
  const findings: Finding[] = [];
  for (const source of sources) {
    const result = await host.exec.run(['stat', '--dereference', '--format=%C', '--', source], {
      cwd: '/',
      env: { ...cleanEnvironment(host.machine.env), LC_ALL: 'C' },
      timeoutMs: LOOK_MS,
    });
    const type = result.code === 0 ? (result.stdout.trim().split(':')[2] ?? '') : '';
    if (type === '' || FOR_CONTAINERS.test(type)) continue;
    const users = asked
      .filter(({ mount }) => mount.source === source)
      .map((each) => `${each.service}:${each.component}`);
    const tree = shellWord(`${source}(/.*)?`);
    findings.push(
      fail(
        `SELinux labels ${source} as ${type}, which ${users.join(', ')} may not read, and its mount asks for no label`,
        mend(
          `semanage fcontext --add --type container_file_t ${tree} && restorecon -R ${shellWord(source)}`,
          'for containers, and so after a relabelling, too; or :z on the mount',
        ),
      ),
    );
  }
  return findings;
}
