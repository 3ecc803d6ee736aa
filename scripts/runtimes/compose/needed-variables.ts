// Variables that a service's compose files cannot do without: no default, no alternative, and not given by the manifest.
import { ReleaseError } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { RuntimeContext } from '../runtime.ts';
import { composeFiles } from './files.ts';

/** `${VAR}`, `${VAR:?words}` and `$VAR`; `$$` is a dollar sign. */
const PLAIN = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?\?[^{}]*)?\}|\$([A-Za-z_][A-Za-z0-9_]*)/g;

/** Of the live tree; empty where there is no compose file, which others report. */
export function neededVariables(context: RuntimeContext, service: ServiceManifest): string[] {
  let texts: string[];
  try {
    texts = composeFiles(context, service, { root: context.paths.root, live: true }).texts;
  } catch (error) {
    if (error instanceof ReleaseError) return [];
    throw error;
  }
  const uncommented = texts.map((text) => text.replaceAll(/^\s*#.*$/gm, ''));
  const names = uncommented.flatMap((text) => [...text.matchAll(PLAIN)].map((match) => match[1] ?? match[2]));
  return [...new Set(names.filter((name) => name !== undefined && name !== service.image?.envVar))] as string[];
}
