// What is wrong with images, registries and mounts, where services run on Docker.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '../../../scripts/dev/engine/registry.ts';
import { mustRun } from '../harness/process.ts';
import { docker } from '../harness/runtimes.ts';
import type { Case } from './case.ts';
import { committed, type LiveBed } from './live.ts';
import { lockedRegistry } from './locked-registry.ts';

const PASSWORD = 'open sesame';
const registries = new WeakMap<LiveBed, TestRegistry>();

/** A version of alpha whose image is of this registry. */
async function named(bed: LiveBed, version: string, image: string): Promise<Record<string, string>> {
  const { host: h } = bed;
  const local = `${h.prefix.replace(/-$/, '')}/alpha:${version}`;
  const [repository = '', tag = ''] = [image.slice(0, image.lastIndexOf(':')), image.slice(image.lastIndexOf(':') + 1)];
  const made = await h.service('alpha', version);
  return Object.fromEntries(
    Object.entries(made).map(([path, text]) => [
      path,
      (text ?? '')
        .replaceAll(local, image)
        .replace(`name: ${local.split(':')[0]}`, `name: ${repository}`)
        .replace(/^( {2}tag: ).*$/m, `$1"${tag}"`),
    ]),
  );
}

/** Alpha runs what a registry has, and what it ran before is kept. */
async function released(bed: LiveBed): Promise<void> {
  const { host: h } = bed;
  if (docker === undefined || registries.has(bed)) return;
  const registry = await startRegistry();
  registries.set(bed, registry);
  const files = await named(bed, '2', `${registry.address}/alpha:2`);
  registry.push(
    { ...docker, env: { ...docker.env, DOCKER_HOST: h.env.DOCKER_HOST ?? '' } },
    `${h.prefix.replace(/-$/, '')}/alpha:2`,
    'alpha:2',
  );
  await h.push(files);
  await mustRun(['just', 'release-run', 'IMG-1'], h.prod, h.env);
}
const address = (bed: LiveBed) => registries.get(bed)?.address ?? '';
export const closeRegistries = async (bed: LiveBed) => void (await registries.get(bed)?.stop());

export const IMAGES: ReadonlyArray<Case<LiveBed>> = [
  {
    check: 'images',
    name: 'the one that the next start needs is gone',
    outcome: 'fail',
    says: /alpha:2 of alpha, web, is not on this host/,
    before: released,
    spoil: (bed) => bed.host.docker?.('image', 'rm', `${address(bed)}/alpha:2`),
  },
  {
    check: 'images',
    name: 'the one of before the last release is not kept',
    outcome: 'fail',
    says: /asd-keep\/alpha:IMG-1, the version of alpha before its last release, is not kept/,
    safe: true,
    before: released,
    spoil: (bed) => bed.host.docker?.('image', 'rm', 'asd-keep/alpha:IMG-1'),
  },
  {
    check: 'registry',
    name: 'it wants a login',
    outcome: 'fail',
    says: /does not let this host look at/,
    async before(bed) {
      await released(bed);
      const { host: h } = bed;
      // A login is written into docker's own settings, which the other tests share.
      const config = join(h.folder, 'docker-config');
      cpSync(h.env.DOCKER_CONFIG ?? '', config, { recursive: true });
      h.env.DOCKER_CONFIG = config;
    },
    async spoil(bed) {
      const { host: h } = bed;
      const locked = lockedRegistry({ user: 'operator', password: PASSWORD });
      lockeds.set(bed, locked);
      const files = await named(bed, '3', `${locked.address}/private:1`);
      for (const [path, text] of Object.entries(files)) await Bun.write(join(h.prod, path), text);
    },
    answers: `operator\\n${PASSWORD}\\n`,
    async after(bed) {
      await lockeds.get(bed)?.stop();
      await bed.host.git(bed.host.prod, 'checkout', '--quiet', 'HEAD', '--', '.');
    },
  },
  committed('services', 'beta', { 'packages/beta/docker-compose.yaml': 'services: { web: { imge: x } }\n' }),
  {
    check: 'selinux',
    name: 'a label of one container alone, on a folder that two have',
    outcome: 'fail',
    idle: true,
    says: /as its own alone \(:Z\), and beta:web has it, too/,
    spoil: (bed) => shared(bed, 'Z'),
    meanwhile: (bed) => shared(bed, 'z', false),
    // The second one looks.
    lines: 1,
  },
];

const lockeds = new WeakMap<LiveBed, ReturnType<typeof lockedRegistry>>();

async function shared(bed: LiveBed, label: string, live = true): Promise<void> {
  const { host: h } = bed;
  const version = bed.next();
  const mounted = async (name: string) =>
    Object.fromEntries(
      Object.entries(await h.service(name, version)).map(([path, text]) => [
        path,
        path.endsWith('docker-compose.yaml')
          ? (text ?? '').replace(
              'volumes: [files:/files]',
              `volumes: [files:/files, "${h.folder}/shared:/shared:${name === 'alpha' ? label : 'z'}"]`,
            )
          : text,
      ]),
    );
  await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
  await h.push({ ...(await mounted('alpha')), ...(await mounted('beta')) });
  if (live) await h.git(h.prod, 'pull', '--quiet', '--ff-only');
}
