// What every verb begins with: the host repository, its settings, its `.env`, and what must never be shown.
import { parse } from 'dotenv';
import { toplevel } from '../host/git/repository.ts';
import type { Repository } from '../host/git/run.ts';
import { sha256 } from '../host/keyed-hash.ts';
import { secretsOf } from '../host/mask.ts';
import { type HostPaths, hostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import type { Terminal } from '../host/terminal.ts';
import { parseReleaseConfig } from '../manifest/release-config.ts';
import type { ReleaseConfig } from '../model/service.ts';
import type { RuntimeContext } from '../runtimes/runtime.ts';
import type { World } from './world.ts';

export interface Context {
  host: Host;
  paths: HostPaths;
  repo: Repository;
  config: ReleaseConfig;
  /** The live `.env`. */
  env: Readonly<Record<string, string>>;
  secrets: readonly string[];
  terminal: Terminal;
  /** Carried by what a release of this host starts. */
  mark: string;
  notices: string[];
}

/** Carried by everything that the lock's holder starts. */
export const holderMark = (root: string): string => `release-${sha256(root).slice(0, 12)}`;

/**
 * @param options.holder for the lock's holder: what it starts is ended by the next one, should it die. A look has a mark of its own.
 * @param options.config holds, whatever the settings say now.
 * @throws refused where there is no host repository, or its settings are wrong.
 */
export async function openContext(
  { host, terminal, engine }: World,
  { holder, config: pinned }: { holder: boolean; config?: ReleaseConfig } = { holder: false },
): Promise<Context> {
  const { files, machine } = host;
  const root = await toplevel(host, machine.env.ASD_ROOT ?? machine.cwd);
  const file = '.asd/release.yaml';
  const { config, notices } = pinned
    ? { config: pinned, notices: [] }
    : parseReleaseConfig(files.readText(`${root}/${file}`), file);
  const paths = hostPaths(root, engine, config.backup.dir);
  const env = parse(files.readText(paths.envFile, { follow: true }) ?? '');
  const mark = holder ? holderMark(root) : `look-${machine.pid}-${sha256(root).slice(0, 12)}`;
  const webhooks = lookAtWebhooks(config, env);
  const secrets = [...secretsOf(env), ...webhooks.secrets];
  return {
    host,
    paths,
    repo: { host, root, mark, secrets },
    config,
    env,
    secrets,
    terminal,
    mark,
    notices: [...notices, ...webhooks.notices],
  };
}

/** Their addresses are secrets, wherever they stand; one that is not there tells nobody anything. */
function lookAtWebhooks({ notify = [] }: ReleaseConfig, env: Context['env']): { secrets: string[]; notices: string[] } {
  const urls = notify.map(({ url }) => (typeof url === 'string' ? url : (env[url.env] ?? '')));
  return {
    secrets: urls.filter((url) => url !== ''),
    notices: notify.flatMap(({ url }, at) =>
      typeof url === 'string' || urls[at] !== ''
        ? []
        : [`notify: ${url.env} is not in .env: nobody is told of anything through it`],
    ),
  };
}

const RUNTIME_TIMEOUT_MS = 120_000;

/** What a runtime is called with. */
export function runtimeContext(context: Context, ticket: string, more: Partial<RuntimeContext> = {}): RuntimeContext {
  const { host, paths, env, secrets, mark } = context;
  return { host, paths, env, secrets, mark, ticket, timeoutMs: RUNTIME_TIMEOUT_MS, ...more };
}
