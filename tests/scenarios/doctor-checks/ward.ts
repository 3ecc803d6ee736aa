// A checkout without a release of its own: what programs, git and files alone can break.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Looking, openWard, type Ward } from '../../../scripts/doctor/fixture.ts';
import { CHECKS } from '../../../scripts/doctor/registry.ts';
import { runCommand } from '../harness/process.ts';
import type { Bed } from './case.ts';

export interface WardBed extends Bed, Omit<Ward, 'type'> {
  /** How its checks look. */
  looking: Looking;
  put(path: string, text: string): void;
  commit(path: string, text: string): void;
  /** Called at the end. */
  defer(act: () => unknown): void;
  end(): Promise<void>;
}

export const HOOK = 'packages/web/scripts/preflight.ts';
export const manifestOf = (name: string, runtime: string) =>
  `name: ${name}\nruntime: ${runtime}\ncontainers: [{ name: ${name}, role: app }]\nrequirements: { port_env: [{ env: ${name.toUpperCase()}_PORT, default: 1${name.length}123 }] }\n`;

export function openWardBed(): WardBed {
  const ward = openWard({
    'a.txt': '1\n',
    'packages/web/manifest.yaml': manifestOf('web', 'compose'),
    'packages/web/docker-compose.yaml': 'services: { web: { image: "web:1" } }\n',
    'packages/task/manifest.yaml': manifestOf('task', 'pm2'),
    'packages/task/ecosystem.config.cjs':
      'module.exports = { apps: [{ name: "task", script: "x.ts", cwd: __dirname }] };\n',
    'packages/task/x.ts': '',
    [HOOK]: 'const words: string[] = [];\nexport { words };\n',
    'packages/web/scripts/post_data_restore.sh': 'echo well\n',
    '.asd/release.yaml': 'concurrency: 2\n',
  });
  const { env } = ward.host.machine;
  const known = Object.fromEntries(Object.entries(env).flatMap(([key, value]) => (value ? [[key, value]] : [])));
  const ends: Array<() => unknown> = [];
  const bed: WardBed = {
    ...ward,
    looking: {},
    async look(id) {
      const check = CHECKS.find((each) => each.id === id);
      if (check === undefined) throw new Error(`no check ${id}`);
      return (await ward.examine(check, bed.looking)).findings;
    },
    async type(line, answers) {
      const words = ['sh', '-c', 'printf "$2" | sh -c "$1"', 'sh', line, answers ?? ''];
      const { code, text } = await runCommand(words, ward.root, known);
      return [code, text];
    },
    put(path, text) {
      mkdirSync(join(ward.root, path, '..'), { recursive: true });
      writeFileSync(join(ward.root, path), text);
    },
    commit(path, text) {
      bed.put(path, text);
      ward.git(ward.root, 'add', path);
      ward.git(ward.root, 'commit', '--quiet', '-m', path);
    },
    defer: (act) => void ends.push(act),
    async end() {
      for (const act of ends.toReversed()) await act();
      ward.close();
    },
  };
  return bed;
}
