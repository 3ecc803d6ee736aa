// The demo's host on Compose: the same three services as containers, on a Docker engine and a registry of its own.
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '../engine/registry.ts';
import { startTestEngine, type TestEngine, unavailableReason } from '../engine/test-engine.ts';
import { buildImages, SERVICES } from './docker-images.ts';
import { copyFolder, edit, write } from './edit.ts';
import type { Folder } from './folder.ts';
import type { Demo, Served } from './kind.ts';
import { freePorts, text, untilAnswers } from './look.ts';
import { output, typed } from './show.ts';

const PREFIX = 'demo-';
const PLACEHOLDER = 'registry.example';

const inNotes = (what: string, script: string) => `#!/usr/bin/env bash
# ${what}
set -euo pipefail
container=$(docker ps --quiet --filter "label=com.docker.compose.project=\${CONTAINER_PREFIX}notes")
docker exec "$container" sh -c '${script}'
`;
const PIN_NOTES = inNotes(
  'DEMO-1: notes can be pinned; the oldest one is. May run twice.',
  `cd /www/data
pin="[pinned] "
while read -r line; do echo "$pin\${line#"[pinned] "}"; pin=; done < notes.txt > notes.new
mv notes.new notes.txt`,
);
const RENAME_FILE = inNotes(
  'DEMO-2: the file gets a better name. Nobody told the service.',
  'cd /www/data && mv notes.txt entries.txt',
);

export function dockerDemo(folder: Folder): Demo {
  let engine: Promise<TestEngine> | undefined;
  let registry: Promise<TestRegistry> | undefined;
  const ports: Record<string, number> = {};
  const url = (service: string, path: string) => `http://127.0.0.1:${ports[service]}${path}`;

  const release = (dev: string, service: string, from: string, to: string) => {
    edit(join(dev, 'packages', service, 'manifest.yaml'), `tag: "${from}"`, `tag: "${to}"`);
    edit(join(dev, 'packages', service, 'docker-compose.yaml'), `/${service}:${from}`, `/${service}:${to}`);
  };

  return {
    title: 'three services on Docker Compose, one with a volume',
    services: SERVICES,
    marks: { page: ['<h1>Notes of the crew</h1>', 'pinned first'], notes: ['Buy rope', '[pinned]'] },
    version: (_sha, nth) => String(nth),

    async template(dev) {
      const reason = unavailableReason();
      if (reason !== undefined) throw new Error(`no Docker engine can be had here: ${reason}`);
      output('(starting a Docker engine and a registry for it, apart from yours)');
      engine = startTestEngine();
      registry = startRegistry();
      const { address } = await registry;
      Object.assign(folder.env, (await engine).env);
      await buildImages(await engine, await registry);
      for (const name of SERVICES) {
        copyFolder(join(import.meta.dir, 'compose', name), join(dev, 'packages', name));
        for (const file of ['manifest.yaml', 'docker-compose.yaml'])
          edit(join(dev, 'packages', name, file), PLACEHOLDER, address);
      }
    },

    async settings() {
      for (const [at, port] of (await freePorts(SERVICES.length)).entries()) ports[SERVICES[at] ?? ''] = port;
      return `CONTAINER_PREFIX=${PREFIX}\n${SERVICES.map((name) => `${name.toUpperCase()}_PORT=${ports[name]}\n`).join('')}`;
    },

    async start({ prod }) {
      for (const name of SERVICES) {
        const argv = ['docker', 'compose', '--project-name', `${PREFIX}${name}`, '--env-file', '.env'];
        const file = ['--file', `packages/${name}/docker-compose.yaml`];
        typed([...argv, ...file, 'up', '--detach'].join(' '));
        const started = await folder.run([...argv, ...file, 'up', '--detach', '--quiet-pull'], {
          cwd: prod,
          quiet: true,
        });
        if (started.code !== 0) throw new Error(`compose could not start ${name}: ${started.lines.join(' | ')}`);
      }
      await untilAnswers(url('notes', '/data/notes.txt'));
    },

    goodChange(dev) {
      release(dev, 'notes', '1', '2');
      release(dev, 'web', '1', '2');
      write(join(dev, 'releases/DEMO-1-pin-notes.sh'), PIN_NOTES);
      return 'DEMO-1: notes can be pinned';
    },

    badChange(dev) {
      release(dev, 'notes', '2', '3');
      write(join(dev, 'releases/DEMO-2-rename-file.sh'), RENAME_FILE);
      return 'DEMO-2: notes are entries';
    },

    async look(): Promise<Served> {
      const versions: Record<string, string> = {};
      for (const name of SERVICES) versions[name] = (await text(url(name, '/version'))).trim();
      return { versions, page: await text(url('web', '/')), notes: await text(url('notes', '/data/notes.txt')) };
    },

    proof: () => ({
      prefix: PREFIX,
      databases: {},
      urls: [...SERVICES.map((name) => url(name, '/version')), url('web', '/'), url('notes', '/data/notes.txt')],
    }),

    kept: [
      'Its Docker engine ends with the demo: the records can be read, nothing runs.',
      `Remove it: rm -r ${folder.path}`,
    ],

    async stop() {
      await Promise.allSettled([engine?.then((each) => each.stop()), registry?.then((each) => each.stop())]);
    },
  };
}
