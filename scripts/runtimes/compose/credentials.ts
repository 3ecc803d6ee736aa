// The operator's `docker login`, for asking a private registry about a digest.
import { join } from 'node:path';
import { cleanEnvironment } from '../../host/environment.ts';
import type { RuntimeContext } from '../runtime.ts';

const HUB = 'https://index.docker.io/v1/';

interface DockerConfig {
  auths?: Record<string, { auth?: string } | undefined>;
  credsStore?: string;
  credHelpers?: Record<string, string | undefined>;
}

/** The registry's address in a reference: what is before the first slash, where it looks like a host. */
export function registryOf(ref: string): string {
  const [first = '', ...rest] = ref.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : HUB;
}

/** @returns the value of X-Registry-Auth; undefined where nobody is logged in. */
export async function registryAuth(context: RuntimeContext, ref: string): Promise<string | undefined> {
  const { files, machine } = context.host;
  const folder = machine.env.DOCKER_CONFIG ?? join(machine.env.HOME ?? '/root', '.docker');
  const path = join(folder, 'config.json');
  const text = files.stat(path) === undefined ? undefined : files.readText(path, { follow: true });
  if (text === undefined) return undefined;
  const config: DockerConfig = JSON.parse(text);
  const registry = registryOf(ref);
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  const login = helper ? await fromHelper(context, helper, registry) : fromConfig(config, registry);
  if (login === undefined) return undefined;
  // URL-safe with its padding: the engine takes an unpadded value for no login at all.
  const encoded = Buffer.from(JSON.stringify({ ...login, serveraddress: registry })).toString('base64');
  return encoded.replaceAll('+', '-').replaceAll('/', '_');
}

function fromConfig(config: DockerConfig, registry: string): { username: string; password: string } | undefined {
  const auth = (config.auths?.[registry] ?? config.auths?.[`https://${registry}`])?.auth;
  if (!auth) return undefined;
  const plain = Buffer.from(auth, 'base64').toString('utf8');
  const colon = plain.indexOf(':');
  return { username: plain.slice(0, colon), password: plain.slice(colon + 1) };
}

async function fromHelper(
  context: RuntimeContext,
  helper: string,
  registry: string,
): Promise<{ username: string; password: string } | undefined> {
  const { exec, machine } = context.host;
  const program = `docker-credential-${helper}`;
  if (!/^[A-Za-z0-9._-]+$/.test(helper) || exec.which(program) === undefined) return undefined;
  // No output file: the answer is a password.
  const result = await exec.run([program, 'get'], {
    cwd: '/',
    env: cleanEnvironment(machine.env),
    input: registry,
    timeoutMs: 10_000,
  });
  if (result.code !== 0) return undefined;
  const answer: { Username?: string; Secret?: string } = JSON.parse(result.stdout);
  return { username: answer.Username ?? '', password: answer.Secret ?? '' };
}
