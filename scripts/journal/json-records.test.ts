import { expect, test } from 'bun:test';
import { join } from 'node:path';
import fc from 'fast-check';
import { type TicketPaths, ticketPaths } from '../host/paths.ts';
import { ReleaseError } from '../model/error.ts';
import type { Receipt } from '../model/receipt.ts';
import type { Plan } from '../model/step.ts';
import { BASE, TARGET, type World, withWorld } from './fixture.ts';
import { readPlan, writePlan } from './plan-file.ts';
import { readReceipt, writeReceipt } from './receipt.ts';

const image = { component: 'redmine', ref: 'redmine:5', id: 'sha256:1' };
const receipt: Receipt = {
  schema: 1,
  ticket: '1',
  kind: 'release',
  complete: false,
  baseSha: BASE,
  targetSha: TARGET,
  mergeSha: '',
  engine: 'e1',
  host: 'h',
  env: { A: 'x' },
  services: {
    redmine: {
      runtime: 'compose',
      project: 'redmine',
      before: [image],
      kept: [image],
      after: [{ ...image, digest: 'redmine@sha256:2' }],
      configBefore: 'x',
      env: {},
      files: { f: 'y' },
      downtimeMs: 12,
      backup: { stamp: '20260518_153012', dir: '/b', bytes: 1, sha256: { f: 'z' }, pausedMs: 0, label: 'quiesced' },
    },
  },
  scripts: { 'releases/1-x.sh': 'h' },
};
const needs: string[] = [];
const step = { phase: 'prepare', needs, onStop: 'probe', lane: 'wide', timeoutMs: 1000 } as const;
const plan: Plan = {
  schema: 1,
  ticket: '1',
  branch: 'main',
  baseSha: BASE,
  targetSha: TARGET,
  headSha: BASE,
  services: [
    {
      name: 'redmine',
      change: 'changed',
      runtime: 'compose',
      priority: 20,
      reasons: [{ kind: 'asked' }],
      images: [],
      hooks: [],
      backup: [],
      uncovered: [],
      expected: { durationS: 1, downtimeS: 2, pauseS: 3 },
      reversibility: { level: 'restore', why: ['data'] },
      notices: [],
    },
  ],
  scripts: [{ path: 'releases/1-x.sh', sha256: 'f'.repeat(64), revert: undefined }],
  unclassified: [],
  notices: ['said'],
  space: { dir: '/b', freeBytes: 2, neededBytes: 1 },
  expected: { durationS: undefined },
  reversibility: { level: 'instant' },
  concurrency: { wide: 4, swap: 2 },
  steps: [
    { ...step, id: 'stage', kind: 'stage', targetSha: TARGET },
    {
      ...step,
      id: 'up:redmine',
      kind: 'up',
      service: 'redmine',
      runtime: 'compose',
      needs: ['stage'],
      phase: 'migrate',
      lane: 'swap',
    },
    { ...step, id: 'script:1', kind: 'script', path: 'releases/1-x.sh', sha256: 'f'.repeat(64), phase: 'ticket' },
  ],
};

interface Kept {
  of(files: TicketPaths): string;
  write(world: World, path: string): void;
  read(world: World, path: string): unknown;
  value: object;
  damages: Array<[string, (text: string) => string]>;
}

const kinds: Array<[string, Kept]> = [
  [
    'receipt',
    {
      of: (files) => files.receipt,
      write: ({ host }, path) => writeReceipt(host, path, receipt),
      read: ({ host }, path) => readReceipt(host, path),
      value: receipt,
      damages: [
        ['baseSha is no commit', (text) => text.replace(BASE, 'HEAD')],
        ['services.redmine.before[0].id is no text', (text) => text.replace('"sha256:1"', '1')],
        ['kind is none of', (text) => text.replace('"release"', '"other"')],
        ['complete is neither', (text) => text.replace('"complete": false', '"complete": "no"')],
        ['services is no map', (text) => text.replace(/"services": \{/, '"services": [], "x": {')],
      ],
    },
  ],
  [
    'plan',
    {
      of: (files) => files.plan,
      write: ({ host }, path) => writePlan(host, path, plan),
      read: ({ host }, path) => readPlan(host, path),
      value: plan,
      damages: [
        ['steps[1].kind is none of', (text) => text.replace('"kind": "up"', '"kind": "constructor"')],
        ['steps[1].service is no text', (text) => text.replace('"service": "redmine"', '"x": 1')],
        ['steps[2].sha256 is no sha256', (text) => text.replaceAll('f'.repeat(64), 'none')],
        ['steps[0].timeoutMs is no number', (text) => text.replace('"timeoutMs": 1000', '"timeoutMs": "1s"')],
        ['concurrency is no map', (text) => text.replace('"concurrency": {', '"concurrency": 4, "x": {')],
      ],
    },
  ],
];

test.each(kinds)('a %s comes back as it was, 0600; a missing one is none', (_, kind) =>
  withWorld((world) => {
    const path = kind.of(ticketPaths(world.paths, '1'));
    expect(kind.read(world, path)).toBeUndefined();
    kind.write(world, path);
    expect(kind.read(world, path)).toEqual(JSON.parse(JSON.stringify(kind.value)));
    expect(world.host.files.stat(path)?.mode).toBe(0o600);
  }),
);

test.each(kinds)('a %s that was damaged or is newer is refused with its path and what is wrong', (_, kind) =>
  withWorld((world) => {
    const { host, paths } = world;
    const path = kind.of(ticketPaths(paths, '1'));
    kind.write(world, path);
    const text = host.files.readText(path) ?? '';
    const refusal = (damaged: string) => {
      host.files.replace(path, damaged);
      return () => kind.read(world, path);
    };
    const newer = refusal(text.replace('"schema": 1', '"schema": 2'));
    expect(newer).toThrow('a newer engine wrote it');
    expect(newer).toThrow(path);
    for (const [what, damage] of kind.damages) expect(refusal(damage(text))).toThrow(what);
    for (const nothing of ['', '[]', 'null', text.slice(0, -9)]) expect(refusal(nothing)).toThrow('is damaged');
    host.files.remove(path);
    host.files.symlink(join(paths.root, 'elsewhere'), path);
    expect(() => kind.write(world, path)).toThrow('a symbolic link');
  }),
);

test.each(kinds)('any JSON in the place of a part of a %s is read or refused, never a crash', (_, kind) =>
  withWorld((world) => {
    const path = kind.of(ticketPaths(world.paths, '1'));
    kind.write(world, path);
    const keys = fc.constantFrom(...Object.keys(kind.value).filter((key) => key !== 'schema'));
    fc.assert(
      fc.property(keys, fc.jsonValue(), (key, value) => {
        const text = JSON.stringify({ ...kind.value, [key]: value });
        const host = { ...world.host, files: { ...world.host.files, readText: () => text } };
        try {
          kind.read({ ...world, host }, path);
        } catch (error) {
          expect(error).toBeInstanceOf(ReleaseError);
        }
      }),
      { numRuns: 100 },
    );
  }),
);
