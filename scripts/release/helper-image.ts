// The image that volumes are read through where they cannot be read directly: pinned at adoption, so that a name that moves changes no backup.
import { openDocker } from '../host/docker.ts';
import { baselinePath } from '../journal/baseline.ts';
import { readReceipt } from '../journal/receipt.ts';
import { refused } from '../model/error.ts';
import type { Receipt } from '../model/receipt.ts';
import { type Context, runtimeContext } from './context.ts';

/** Its kept name: neither a prune of unnamed images nor a moved tag takes it away. No service is called so. */
const KEPT = { name: 'asd-keep/backup__helper', tag: '_baseline' };

/** @returns the pinned id where the settings still name the image that was pinned, else what they name; empty: none. */
export function helperImage({ host, paths, config }: Context): string {
  const ref = config.backup.helperImage;
  const pin = ref === '' ? undefined : readReceipt(host, baselinePath(paths))?.helper;
  return pin?.ref === ref ? pin.id : ref;
}

/** @returns what it is now; undefined where the settings name none. @throws refused where this host does not have it. */
export async function resolveHelper(context: Context, ticket: string): Promise<Receipt['helper']> {
  const ref = context.config.backup.helperImage;
  if (ref === '') return undefined;
  const engine = openDocker(context.host, runtimeContext(context, ticket), refused);
  const image = await engine.image(ref);
  if (image !== undefined) return { ref, id: image.id };
  throw refused({
    what: `the image ${ref}, which volumes are to be read through, is not on this host`,
    where: '.asd/release.yaml, backup.helper_image',
    hint: [`docker pull ${ref}`],
  });
}

/** Keeps the image; backups of the returned context go through exactly it. */
export async function pinHelper(context: Context, helper: Receipt['helper'], ticket: string): Promise<Context> {
  if (helper === undefined) return context;
  await openDocker(context.host, runtimeContext(context, ticket)).tag(helper.id, KEPT.name, KEPT.tag);
  const { config } = context;
  return { ...context, config: { ...config, backup: { ...config.backup, helperImage: helper.id } } };
}
