// `${VAR}` and `${VAR:-default}` in a manifest's values, filled in from the host's `.env` and read again.
import { refused } from '../model/error.ts';
import type { ServiceManifest } from '../model/service.ts';
import { absolutePath, endpoint, type Reader } from './fields.ts';
import { imageName, imageTag, projectName } from './words.ts';

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^${}]*))?\}/g;

/**
 * Fills in image, project, directory, env files, endpoints and binds.
 * @param env the host's `.env`.
 * @throws refused, naming each variable that is unset and each value that is not what its key wants.
 */
export function withVariables(manifest: ServiceManifest, env: Readonly<Record<string, string>>): ServiceManifest {
  const problems: string[] = [];
  const fill = (text: string, path: string, reader: Reader<string>): string => {
    if (!text.includes('${')) return text;
    const unset: string[] = [];
    const filled = text.replaceAll(VARIABLE, (_whole, name: string, fallback: string | undefined) => {
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      if (value) return value;
      if (fallback === undefined) unset.push(name);
      return fallback ?? '';
    });
    const read = unset.length === 0 && !filled.includes('${') ? reader(filled) : undefined;
    if (typeof read === 'string') return read;
    // The value itself may be a secret: only names are said.
    if (unset.length > 0) problems.push(`${path}: ${unset.join(', ')} is not set in .env`);
    else problems.push(`${path}: ${text} does not give what this key wants with the values in .env`);
    return text;
  };
  const { image, compose, health, backup } = manifest;
  const filled: ServiceManifest = {
    ...manifest,
    compose: {
      ...compose,
      ...(compose.project === undefined ? {} : { project: fill(compose.project, 'compose.project', projectName) }),
      ...(compose.directory === undefined
        ? {}
        : { directory: fill(compose.directory, 'compose.directory', absolutePath) }),
      envFiles: compose.envFiles.map((file, index) => fill(file, `compose.env_files[${index}]`, absolutePath)),
    },
    backup: {
      ...backup,
      volumes: backup.volumes.map((volume, index) =>
        'bind' in volume
          ? { ...volume, bind: fill(volume.bind, `backup.volumes[${index}].bind`, absolutePath) }
          : volume,
      ),
    },
  };
  if (image !== undefined) {
    filled.image = {
      ...image,
      name: fill(image.name, 'image.name', imageName),
      tag: fill(image.tag, 'image.tag', imageTag),
    };
  }
  if (health !== undefined) {
    filled.health = { ...health, endpoint: fill(health.endpoint, 'health.endpoint', endpoint) };
    if (health.versionEndpoint !== undefined) {
      filled.health.versionEndpoint = fill(health.versionEndpoint, 'health.version_endpoint', endpoint);
    }
  }
  if (problems.length === 0) return filled;
  throw refused({
    what: `the manifest of ${manifest.name} uses variables that .env does not give`,
    where: `packages/${manifest.name}/manifest.yaml`,
    details: problems,
    hint: 'Set them in .env, or give them a default in the manifest, written :-default behind the name.',
  });
}
