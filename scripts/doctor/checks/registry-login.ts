// Registries: each lets this host look at an image that it runs. Asked through Docker; nothing is pulled.
import { shellWord } from '../../backups/shell.ts';
import { registryAuth, registryOf } from '../../runtimes/compose/credentials.ts';
import { type Check, type Finding, fail, mend, pass, warn } from '../check.ts';
import type { Patient } from '../patient.ts';

const LOCKED_OUT = /unauthori[sz]ed|authentication required|denied|no basic auth/i;

export const registryLogin: Check = {
  id: 'registry',
  needs: 'docker',
  async look(at) {
    const refs = new Map<string, string>();
    for (const service of at.services.filter(({ runtime }) => runtime === 'compose')) {
      for (const ref of await pulled(at, service)) if (!refs.has(registryOf(ref))) refs.set(registryOf(ref), ref);
    }
    const findings = await at.each([...refs], ([registry, ref]) => asked(at, registry, ref));
    return findings.length > 0 ? findings : [pass('no image comes from a registry')];
  },
};

/** What was imported or built here has no digest: no registry knows it. */
async function pulled(at: Patient, service: Patient['services'][number]): Promise<string[]> {
  const resolved = await at.resolved(service).catch((error: unknown) => {
    if (error instanceof Error) return undefined;
    throw error;
  });
  const refs = (resolved?.components ?? []).flatMap(({ image, build }) =>
    image === undefined || build ? [] : [image],
  );
  const here = await Promise.all(refs.map((ref) => at.docker().image(ref)));
  return refs.filter((_, index) => here[index] === undefined || (here[index]?.digests.length ?? 0) > 0);
}

async function asked(at: Patient, registry: string, ref: string): Promise<Finding> {
  const answer = await at.docker().distribution(ref, await registryAuth(at.runtime(), ref));
  const name = registry.startsWith('https://') ? 'Docker Hub' : registry;
  if (!('refusal' in answer)) return pass(`${name} lets this host in`);
  if (LOCKED_OUT.test(answer.refusal) || answer.status === 401 || answer.status === 403)
    return fail(
      `${name} does not let this host look at ${ref}: ${answer.refusal}`,
      mend(`docker login${name === registry ? ` ${shellWord(registry)}` : ''}`, 'log in'),
    );
  if (answer.status === 404) return warn(`${name} has no ${ref}`);
  return warn(`${name} does not answer for ${ref}: ${answer.refusal}`);
}
