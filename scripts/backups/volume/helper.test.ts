// A volume through a helper container: `docker` is a stand-in that mounts nothing but runs what the container would.
import { expect, test } from 'bun:test';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, makeOddTree } from '../odd-tree.ts';
import { makeWorld } from '../world.ts';
import { volumeKind } from './kind.ts';

// argv: run --rm -i --pull never --log-driver none --network none --user 0:0 --entrypoint /bin/sh --volume V:/data[:ro] IMAGE -c ...
const DOCKER = `#!/bin/bash
set -eu
echo "$*" >> "$0.calls"
shift 14
volume=$1; image=$2; shift 3
[ "$image" = tools:1 ] || exit 125
script=\${1//\\/data/$0.volume}; shift
exec /bin/sh -c "$script" "\${@//\\/data/$0.volume}"
`;

test('writes, reads back, and restores in place', async () => {
  const world = makeWorld({
    backup: { types: ['volume'], volumes: [{ suffix: 'far' }] },
    mounts: [{ kind: 'volume', source: 'far', key: 'far', target: '/far', writable: true }],
    helperImage: 'tools:1',
  });
  try {
    world.volumes.far = { Driver: 'nfs', Mountpoint: '', Options: null };
    const bin = join(world.root, 'bin');
    mkdirSync(bin);
    const docker = join(bin, 'docker');
    writeFileSync(docker, DOCKER);
    chmodSync(docker, 0o755);
    const tree = `${docker}.volume`;
    makeOddTree(tree);
    const { host } = world.context;
    const PATH = `${bin}:${process.env.PATH}`;
    world.context.host = { ...host, machine: { ...host.machine, env: { ...host.machine.env, PATH } } };

    const [item] = await volumeKind.items(world.context);
    if (item === undefined) throw new Error('no item');
    const folder = join(world.root, 'out');
    mkdirSync(folder);
    const files = await volumeKind.write(world.context, item, folder);
    await volumeKind.check(world.context, item, folder, files);
    expect(files[0]?.facts).toMatchObject({ helper: 'tools:1', entries: 17 });
    const fewer = files.map((file) => ({ ...file, facts: { ...file.facts, entries: 16 } }));
    await expect(volumeKind.check(world.context, item, folder, fewer)).rejects.toThrow('17 entries of 16');
    expect(await Bun.file(`${docker}.calls`).text()).toContain(
      '--network none --user 0:0 --entrypoint /bin/sh --volume far:/data:ro tools:1',
    );

    const before = fingerprint(tree);
    rmSync(join(tree, 'deep'), { recursive: true });
    writeFileSync(join(tree, 'intruder'), 'x');
    const script = `set -eu -o pipefail\n${volumeKind.restoreCommands(item, files).join('\n')}\n`;
    const restored = Bun.spawnSync(['bash', '-c', script], { cwd: folder, env: { PATH, LC_ALL: 'C' }, stderr: 'pipe' });
    expect({ code: restored.exitCode, stderr: restored.stderr.toString() }).toMatchObject({ code: 0 });
    expect(fingerprint(tree)).toBe(before);
  } finally {
    await world.end();
  }
});
