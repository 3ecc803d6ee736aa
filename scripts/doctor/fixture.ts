// For tests of checks: a real checkout with a real origin, and programs put in front of PATH.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FileChanges, openSandbox, type Sandbox } from '../host/git/sandbox.ts';
import type { Host } from '../host/port.ts';
import { inGroups } from '../release/in-groups.ts';
import type { Check, Finding } from './check.ts';
import { examine, type Result } from './examine.ts';
import { openPatient } from './patient.ts';

const CHECKOUT = join(import.meta.dir, '..', '..');

export interface Ward extends Sandbox {
  /** In front of PATH. */
  bin: string;
  /** A shell script of that name on PATH. */
  program(name: string, script: string): void;
  examine(check: Check, options?: Looking): Promise<Result>;
  /** Runs a printed line. @returns its exit code. */
  type(line: string): number;
}

export interface Looking {
  host?: (host: Host) => Host;
  engine?: string;
  isCheckout?: boolean;
  guarded?(): Promise<boolean>;
}

export function openWard(files: FileChanges = {}): Ward {
  const sandbox = openSandbox({ '.gitignore': '.asd/workspace/\n.env\n', ...files });
  const bin = join(sandbox.folder, 'bin');
  mkdirSync(bin);
  const env = {
    ...sandbox.host.machine.env,
    PATH: `${bin}:${sandbox.host.machine.env.PATH ?? ''}`,
    DOCKER_HOST: `unix://${join(sandbox.folder, 'docker.sock')}`,
  };
  const host: Host = {
    ...sandbox.host,
    exec: { ...sandbox.host.exec, which: (name, path) => sandbox.host.exec.which(name, path ?? env.PATH) },
    machine: { ...sandbox.host.machine, env },
  };
  const ward: Ward = {
    ...sandbox,
    host,
    bin,
    program(name, script) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    },
    async examine(
      check,
      { host: change = (same: Host) => same, engine = CHECKOUT, isCheckout = true, guarded = async () => false } = {},
    ) {
      const at = openPatient({
        host: change(host),
        engine,
        root: sandbox.root,
        isCheckout,
        only: [],
        guarded,
        inGroups,
      });
      const [result] = await examine(at, [check]);
      if (result === undefined) throw new Error('no result');
      return result;
    },
    type: (line) => Bun.spawnSync(['sh', '-c', line], { cwd: sandbox.root, env, stdin: 'ignore' }).exitCode,
  };
  return ward;
}

export const failures = ({ findings }: Result): Finding[] =>
  findings.filter(({ outcome }) => outcome === 'fail' || outcome === 'broken');
