// Images: what runs and what would run is here, and the old ones that a revert needs are kept.
import { shellWord } from '../../backups/shell.ts';
import { lastReceipts } from '../../journal/baseline.ts';
import type { ServiceReceipt } from '../../model/receipt.ts';
import type { ServiceManifest } from '../../model/service.ts';
import { type Check, type Finding, fail, mend, pass, safeMend, warn } from '../check.ts';
import type { Patient } from '../patient.ts';

export const images: Check = {
  id: 'images',
  needs: 'docker',
  async look(at) {
    const last = lastReceipts(at.host, at.paths);
    const services = at.services.filter(({ runtime }) => runtime === 'compose');
    const findings = (
      await at.each(services, async (service) => [
        ...(await missing(at, service)),
        ...(await unkept(at, service.name, last.get(service.name))),
      ])
    ).flat();
    return findings.length > 0 ? findings : [pass(`the images of ${services.length} services are here`)];
  },
};

/** The next start pulls nothing: what the files name has to be here. */
async function missing(at: Patient, service: ServiceManifest): Promise<Finding[]> {
  const resolved = await at.resolved(service).catch((error: unknown) => {
    if (error instanceof Error) return undefined;
    throw error;
  });
  const found: Finding[] = [];
  for (const { name, image, build } of resolved?.components ?? []) {
    if (image === undefined || build || (await at.docker().image(image)) !== undefined) continue;
    found.push(
      fail(
        `${image} of ${service.name}, ${name}, is not on this host`,
        mend(`docker pull ${shellWord(image)}`, 'get it'),
      ),
    );
  }
  return found;
}

async function unkept(at: Patient, service: string, receipt: ServiceReceipt | undefined): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { component, ref, id } of receipt?.kept ?? []) {
    if (ref === '' || (await at.docker().image(ref))?.id === id) continue;
    const digest = receipt?.before?.find((each) => each.component === component)?.digest;
    const says = `${ref}, the version of ${service} before its last release, is not kept any more`;
    if ((await at.docker().image(id)) !== undefined)
      found.push(
        fail(says, safeMend(`docker tag ${shellWord(id)} ${shellWord(ref)}`, 'its image is still here: keep it')),
      );
    else if (digest !== undefined)
      found.push(
        fail(
          says,
          mend(`docker pull ${shellWord(digest)} && docker tag ${shellWord(digest)} ${shellWord(ref)}`, 'get it again'),
        ),
      );
    else found.push(warn(`${says}, and its image is gone: that release cannot be reverted`));
  }
  return found;
}
