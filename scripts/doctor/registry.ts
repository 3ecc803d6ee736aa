// All checks, in the order in which they are told. A new check is a file and a line here.
import type { Check } from './check.ts';
import { backups } from './checks/backups.ts';
import { clock } from './checks/clock.ts';
import { compose, docker } from './checks/docker.ts';
import { dockerDisk } from './checks/docker-disk.ts';
import { bun, just } from './checks/engine-programs.ts';
import { env } from './checks/env.ts';
import { branch, clean, identity, operation, repository, worktrees } from './checks/git-checkout.ts';
import { deployed, localCommits } from './checks/git-deployed.ts';
import { indexLock } from './checks/git-index-lock.ts';
import { push, remote } from './checks/git-remote.ts';
import { guard } from './checks/guard.ts';
import { hooks } from './checks/hooks.ts';
import { images } from './checks/images.ts';
import { modes } from './checks/modes.ts';
import { pm2 } from './checks/pm2.ts';
import { ports } from './checks/ports.ts';
import { git, tar, zstd } from './checks/programs.ts';
import { lock, releases } from './checks/records.ts';
import { registryLogin } from './checks/registry-login.ts';
import { resolve } from './checks/resolve.ts';
import { selinux } from './checks/selinux.ts';
import { manifests, settings } from './checks/settings.ts';
import { space } from './checks/space.ts';

export const CHECKS: readonly Check[] = [
  bun,
  just,
  git,
  tar,
  zstd,
  docker,
  compose,
  pm2,
  dockerDisk,
  space,
  repository,
  clean,
  branch,
  operation,
  indexLock,
  worktrees,
  identity,
  remote,
  push,
  deployed,
  localCommits,
  settings,
  manifests,
  resolve,
  hooks,
  env,
  ports,
  selinux,
  images,
  registryLogin,
  backups,
  lock,
  releases,
  guard,
  modes,
  clock,
];
