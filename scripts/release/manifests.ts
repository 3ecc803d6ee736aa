// The manifests of two commits: a look at each, a full reading only of those that matter.
import { readBlobs } from '../host/git/blobs.ts';
import type { Repository } from '../host/git/run.ts';
import { listManifests } from '../host/git/trees.ts';
import { glance } from '../manifest/glance.ts';
import { checkManifest, parseManifests } from '../manifest/parse.ts';
import { withVariables } from '../manifest/variables.ts';
import type { ServiceManifest } from '../model/service.ts';
import type { ServiceEnds, ServiceGlance } from '../plan/classify.ts';

type End = 'before' | 'after';

export interface Manifests {
  ends: Map<string, ServiceEnds>;
  /**
   * Full readings of the named services at one end; those without a manifest there, or not installed, are left out.
   * @throws refused with every problem of every file.
   */
  parse(names: readonly string[], end: End): { manifests: Map<string, ServiceManifest>; notices: string[] };
  /** The named services at the target, each as far as it can be read: problems are not this caller's. */
  readable(names: readonly string[]): Map<string, ServiceManifest>;
  /** Raw text at the target of every installed service. */
  texts(): Map<string, string>;
}

/** @param env the host's `.env`, for the variables in manifests. @throws refused where a look at the target's is not enough and a full reading finds problems. */
export async function readManifests(
  repo: Repository,
  baseSha: string,
  targetSha: string,
  env: Readonly<Record<string, string>>,
): Promise<Manifests> {
  const [before, after] = await Promise.all([listManifests(repo, baseSha), listManifests(repo, targetSha)]);
  const texts = await readBlobs(repo, [...new Set([...before, ...after].map((m) => m.blob))]);
  const looks = new Map<string, ServiceGlance>();
  const look = (service: string, blob: string): ServiceGlance => {
    const known = looks.get(blob);
    if (known) return known;
    const text = texts.get(blob) ?? '';
    const seen = glance(text);
    const found = seen ? { installed: seen.status === 'installed', watch: seen.watch } : fullLook(service, text);
    looks.set(blob, found);
    return found;
  };
  const ends = new Map<string, ServiceEnds>();
  for (const { service, blob } of before) ends.set(service, { before: look(service, blob), after: undefined });
  for (const { service, blob } of after)
    ends.set(service, { before: ends.get(service)?.before, after: look(service, blob) });

  const blobs = {
    before: new Map(before.map((m) => [m.service, m.blob])),
    after: new Map(after.map((m) => [m.service, m.blob])),
  };
  const entriesOf = (names: readonly string[], end: End) =>
    names.flatMap((name) => {
      const blob = blobs[end].get(name);
      if (blob === undefined || !ends.get(name)?.[end]?.installed) return [];
      return [{ text: texts.get(blob) ?? '', where: { file: `packages/${name}/manifest.yaml`, folder: name } }];
    });
  const byName = (manifests: readonly ServiceManifest[]) =>
    new Map(manifests.map((m) => [m.name, withVariables(m, env)]));
  const asFarAsReadable = (names: readonly string[], end: End) =>
    byName(entriesOf(names, end).map((e) => checkManifest(e.text, e.where).manifest));
  return {
    ends,
    parse(names, end) {
      // What is deployed already cannot be mended any more: it is read as far as it can be.
      if (end === 'before') return { manifests: asFarAsReadable(names, end), notices: [] };
      const { manifests, notices } = parseManifests(entriesOf(names, end));
      return { manifests: byName(manifests), notices };
    },
    readable: (names) => asFarAsReadable(names, 'after'),
    texts: () =>
      new Map(
        after.filter((m) => ends.get(m.service)?.after?.installed).map((m) => [m.service, texts.get(m.blob) ?? '']),
      ),
  };
}

function fullLook(service: string, text: string): ServiceGlance {
  const { manifest } = checkManifest(text, { file: `packages/${service}/manifest.yaml`, folder: service });
  // One that cannot be read counts as installed: where it changed, it is read in full and refused.
  return { installed: (manifest?.installation ?? 'installed') === 'installed', watch: manifest?.release.watch ?? [] };
}
