// The ways in which a host repository can have the engine, other than importing this checkout's justfile by path.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SYSTEM_PATH } from '../../../scripts/dev/engine/packages.ts';
import type { HostOptions } from './host.ts';
import { mustRun } from './process.ts';

const CHECKOUT = realpathSync(join(import.meta.dir, '..', '..', '..'));
const TEMPLATE = ['scripts', 'bootstrap', 'package.json', 'bun.lock', 'bunfig.toml', 'tsconfig.json'];

/** The repository contains the engine, as a template does: its own justfile, its own scripts, all of it tracked. */
export const contained = (): HostOptions => ({
  files: {
    justfile: readFileSync(join(CHECKOUT, 'justfile'), 'utf8'),
    '.gitignore': '.asd/workspace/\n.env\nnode_modules\n',
  },
  seed: (dev) => {
    for (const name of TEMPLATE) cpSync(join(CHECKOUT, name), join(dev, name), { recursive: true });
  },
  cloned: installModules,
});

/** The repository has the engine as a package among its dependencies, with the engine's own packages beside it. */
export const packed = (): HostOptions => ({
  files: { justfile: "import 'node_modules/belay/justfile'\n" },
  async cloned(prod) {
    const modules = join(prod, 'node_modules');
    const engine = join(modules, 'belay');
    mkdirSync(engine, { recursive: true });
    const npm = ['npm', 'pack', CHECKOUT, '--ignore-scripts', '--silent', '--offline', '--pack-destination', modules];
    const file = (await mustRun(npm, modules, { PATH: process.env.PATH ?? SYSTEM_PATH, HOME: prod }))
      .split('\n')
      .at(-1);
    await mustRun(['tar', '-xzf', join(modules, file ?? ''), '-C', engine, '--strip-components=1'], modules, {
      PATH: SYSTEM_PATH,
    });
    // npm hoists them: they are the host's packages as much as the engine's.
    for (const name of readdirSync(join(CHECKOUT, 'node_modules')))
      if (name !== 'belay') symlinkSync(join(CHECKOUT, 'node_modules', name), join(modules, name));
  },
});

/** Every file of this checkout as it is now, tracked or about to be: what somebody gets who makes a repository of it. */
export async function template(folder: string): Promise<void> {
  const argv = ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const names = await mustRun(argv, CHECKOUT, { PATH: SYSTEM_PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' });
  for (const name of names.split('\0').filter((each) => each !== '' && existsSync(join(CHECKOUT, each))))
    cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true });
}

/** What ./bootstrap does, without the network. */
export const installModules = (checkout: string): void =>
  symlinkSync(join(CHECKOUT, 'node_modules'), join(checkout, 'node_modules'));
