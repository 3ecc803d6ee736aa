// For the tests of planning: facts of services and releases, with everything that a test does not speak of filled in.
import { parseManifest } from '../manifest/parse.ts';
import { parseReleaseConfig } from '../manifest/release-config.ts';
import type { ServiceManifest } from '../model/service.ts';
import type { ReleaseFacts, ServiceFacts } from './facts.ts';

export const BASE = 'a'.repeat(40);
export const TARGET = 'b'.repeat(40);

/** The defaults of `.asd/release.yaml`, with the given text over them. */
export const config = (text = '') => parseReleaseConfig(text, '.asd/release.yaml').config;

/** @param yaml further lines of the manifest. */
export function manifest(name: string, yaml = ''): ServiceManifest {
  const text = `name: ${name}\nruntime: pm2\nrequirements: { port_env: [{ env: PORT, default: 4000 }] }\n${yaml}\n`;
  return parseManifest(text, { file: `packages/${name}/manifest.yaml`, folder: name }).manifest;
}

/** A changed service, unless `before` or `after` is given as undefined. */
export function service(name: string, more: Partial<ServiceFacts> = {}): ServiceFacts {
  return {
    name,
    before: manifest(name),
    after: manifest(name),
    hooks: {},
    images: { before: [], after: [] },
    statefulRecreated: [],
    inherited: false,
    backup: [{ item: 'config', bytes: 100 }],
    uncovered: [],
    history: { durationS: undefined, downtimeS: undefined, pauseS: undefined },
    notices: [],
    ...more,
  };
}

export function facts(more: Partial<ReleaseFacts> = {}): ReleaseFacts {
  return {
    ticket: 'T-1',
    branch: 'main',
    baseSha: BASE,
    targetSha: TARGET,
    headSha: BASE,
    config: config(),
    cores: 2,
    services: [],
    reasons: {},
    unclassified: [],
    scripts: [],
    notices: [],
    changelogs: [],
    space: { dir: '/srv/backups', freeBytes: 5e9, neededBytes: 1e6 },
    push: { mode: 'main' },
    expectedS: undefined,
    ...more,
  };
}
