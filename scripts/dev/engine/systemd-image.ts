// An image whose first process is Debian's systemd: a small server of its own, for what only a service manager shows.
import { type DebianRoot, importDebian } from './debian-archive.ts';
import type { TestEngine } from './test-engine.ts';

export const SYSTEMD_IMAGE = 'belay-systemd:1';

/** It mounts, which takes this; of the machine's devices and kernel settings it gets nothing. */
export const SYSTEMD_FLAGS = [
  '--cap-add=SYS_ADMIN',
  '--security-opt=seccomp=unconfined',
  '--security-opt=apparmor=unconfined',
  '--cgroupns=private',
  '--network=none',
  '--stop-signal=SIGRTMIN+3',
  '--tmpfs=/run:exec',
  '--tmpfs=/run/lock',
  '--tmpfs=/tmp:exec',
] as const;

/** What concerns a whole machine (terminals, mounts of the kernel, packages' own timers) is no business of a container's. */
const SLIM = `
cd -- "$1"
rm -rf var/cache/apt var/lib/apt/lists usr/share/doc usr/share/locale usr/share/man usr/share/zoneinfo var/log/*
rm -f usr/sbin/policy-rc.d etc/machine-id
: > etc/machine-id
for unit in getty.target console-getty.service getty-static.service systemd-sysctl.service systemd-modules-load.service \
  systemd-binfmt.service proc-sys-fs-binfmt_misc.automount kmod-static-nodes.service dev-hugepages.mount dev-mqueue.mount \
  sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount systemd-random-seed.service \
  systemd-logind.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer; do
  ln -sf /dev/null "etc/systemd/system/$unit"
done
printf '#!/bin/sh\\n# Docker gives the cgroups of a container read only.\\nmount -o remount,rw /sys/fs/cgroup && exec /lib/systemd/systemd "$@"\\n' > usr/local/sbin/boot
chmod 0755 usr/local/sbin/boot
`;

const ROOT: DebianRoot = {
  name: 'systemd',
  version: 1,
  packages: ['systemd', 'systemd-sysv', 'dbus', 'git'],
  finish: SLIM,
};

/** Makes SYSTEMD_IMAGE known to the engine; run it with SYSTEMD_FLAGS. @throws Error where it cannot be made. */
export const importSystemd = (engine: Pick<TestEngine, 'env'>): Promise<void> =>
  importDebian(engine, SYSTEMD_IMAGE, ROOT, [
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'ENV LC_ALL=C.UTF-8',
    'ENV container=docker',
    'ENTRYPOINT ["boot"]',
  ]);
