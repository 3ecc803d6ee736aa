// The engine's own just, where only a login finds it.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../host/port.ts';
import { just } from './checks/engine-programs.ts';
import { openWard, type Ward } from './fixture.ts';

let ward: Ward;
beforeEach(() => {
  ward = openWard();
});
afterEach(() => ward.close());

test('just is on the PATH of a login only', async () => {
  const engine = join(ward.folder, 'engine');
  const modules = join(engine, 'node_modules');
  const program = (path: string, version: string) =>
    `mkdir -p ${join(modules, path, '..')}; printf '#!/bin/sh\\necho ${version}\\n' > ${join(modules, path)}; chmod +x ${join(modules, path)}; `;
  mkdirSync(engine);
  writeFileSync(join(engine, 'package.json'), '{ "dependencies": { "bun": "1.4.5", "rust-just": "1.57.0" } }');
  const install = program('bun/bin/bun.exe', '1.4.5') + program('rust-just-linux-x64/bin/just', 'just 1.57.0');
  writeFileSync(
    join(engine, 'bootstrap'),
    `#!/bin/sh\n${install}\nln -sf ${modules}/rust-just-linux-x64/bin/just ${ward.bin}/just\n`,
    { mode: 0o755 },
  );
  expect(ward.type(join(engine, 'bootstrap'))).toBe(0);
  const elsewhere = (host: Host): Host => ({
    ...host,
    exec: {
      ...host.exec,
      which: (name, path) => (name === 'just' && path !== undefined ? undefined : host.exec.which(name, path)),
    },
  });
  const last = async () => (await ward.examine(just, { engine, host: elsewhere })).findings.at(-1);
  expect(await last()).toMatchObject({
    outcome: 'warn',
    what: `just is in ${ward.bin}, where ssh HOST 'just ...', which reads no profile, does not look`,
    mends: [{ command: `${engine}/bootstrap --link` }],
  });
  const bashrc = join(ward.folder, 'home/.bashrc');
  writeFileSync(bashrc, `# PATH=${ward.bin}\n`);
  expect((await last())?.outcome).toBe('warn');
  writeFileSync(bashrc, `export PATH="${ward.bin}:$PATH"\ncase $- in *i*) ;; *) return ;; esac\n`);
  expect((await last())?.outcome).toBe('pass');
});
