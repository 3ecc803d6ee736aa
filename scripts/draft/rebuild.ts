// A compose file made from containers whose own is gone: what the engine says of them, written down again.
import { stringify } from 'yaml';
import type { Image } from '../host/docker.ts';
import { soundsSecret } from '../host/mask.ts';
import { componentName } from '../runtimes/compose/running.ts';
import type { Project } from './projects.ts';
import { limitsOf } from './rebuild-limits.ts';

type Each = Project['containers'][number];
interface Wire {
  [key: string]: unknown;
}

export interface Rebuilt {
  text: string;
  /** Variables that `.env` has to have: the secrets of the containers, by the names that the file has for them. */
  secrets: Array<{ variable: string; container: string; name: string }>;
}

const wire = (value: unknown): Wire => (typeof value === 'object' && value !== null ? (value as Wire) : {});
const OWNED_LABEL = /^(?:com\.docker\.compose|desktop\.docker\.io)[./]/;
const escaped = (text: string): string => text.replaceAll('$', '$$$$');
/** `{ key: value }` where there is anything in the value. */
const given = (key: string, value: unknown): Wire => {
  const empty =
    value === undefined ||
    value === null ||
    value === '' ||
    value === false ||
    value === 0 ||
    (typeof value === 'object' && Object.keys(value).length === 0);
  return empty ? {} : { [key]: value };
};
const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((word, at) => word === b[at]);

/** @param service the name that it gets: secrets become `${SERVICE_NAME}`. @param imageOf what the containers were made from. */
export function rebuild(project: Project, service: string, imageOf: (id: string) => Image | undefined): Rebuilt {
  const secrets: Rebuilt['secrets'] = [];
  const used = { volumes: new Set<string>(), networks: new Set<string>() };
  const first = new Map<string, Each>();
  for (const each of project.containers) if (!first.has(componentName(each))) first.set(componentName(each), each);
  const services = Object.fromEntries(
    [...first].map(([name, each]) => [
      name,
      serviceOf(project, service, name, each, imageOf(each.imageId), secrets, used),
    ]),
  );
  const own = `${project.name}_`;
  const top = (names: Set<string>) =>
    Object.fromEntries(
      [...names].sort().map((name) => [keyOf(own, name), name.startsWith(own) ? { name } : { name, external: true }]),
    );
  const gone = project.gone.join(', ') || 'unknown';
  const head = `# Drafted from the containers: the compose file that they were made from is gone (${gone}).\n`;
  const text = stringify({
    name: project.name,
    services,
    ...given('volumes', top(used.volumes)),
    ...given('networks', top(used.networks)),
  });
  return { text: `${head}${text}`, secrets };
}

const keyOf = (own: string, name: string): string => (name.startsWith(own) ? name.slice(own.length) : name);

function serviceOf(
  project: Project,
  service: string,
  name: string,
  each: Each,
  image: Image | undefined,
  secrets: Rebuilt['secrets'],
  used: { volumes: Set<string>; networks: Set<string> },
): Wire {
  const raw = each.details.raw;
  const [config, host] = [wire(raw.Config), wire(raw.HostConfig)];
  const own = `${project.name}_`;
  const environment = Object.entries(each.environment)
    .filter(([key, value]) => image?.environment[key] !== value)
    .map(([key, value]) => {
      if (!soundsSecret(key) && !/:\/\/[^/\s]*:[^/\s]*@/.test(value)) return [key, escaped(value)];
      const variable = `${service}_${key}`.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_');
      if (!secrets.some((known) => known.variable === variable))
        secrets.push({ variable, container: each.name, name: key });
      return [key, `\${${variable}:?}`];
    });
  const mounts = each.mounts.flatMap(({ type, source, target, writable }): string[] => {
    if (type === 'volume' && !/^[0-9a-f]{64}$/.test(source)) {
      used.volumes.add(source);
      return [`${keyOf(own, source)}:${target}${writable ? '' : ':ro'}`];
    }
    return type === 'bind' ? [`${escaped(source)}:${target}${writable ? '' : ':ro'}`] : [];
  });
  const mode = String(host.NetworkMode ?? '');
  const apart = ['host', 'none'].includes(mode);
  if (!apart) for (const network of each.networks) used.networks.add(network);
  const names = new Set([name, each.name]);
  const aliases = [...new Set(each.details.aliases)].filter((alias) => !names.has(alias) && !each.id.startsWith(alias));
  const networks = Object.fromEntries(each.networks.map((network) => [keyOf(own, network), given('aliases', aliases)]));
  const words = (value: unknown): string[] => (Array.isArray(value) ? value.map((word) => escaped(String(word))) : []);
  const restart = wire(host.RestartPolicy);
  const times = Number(restart.MaximumRetryCount ?? 0);
  const labels = Object.entries(each.labels).filter(
    ([key, value]) => !OWNED_LABEL.test(key) && image?.labels[key] !== value,
  );
  return {
    image: each.imageRef,
    ...([`${project.name}-${name}-1`, `${project.name}_${name}_1`].includes(each.name)
      ? {}
      : { container_name: each.name }),
    ...(same(words(config.Entrypoint), image?.entrypoint ?? []) ? {} : given('entrypoint', words(config.Entrypoint))),
    ...(same(words(config.Cmd), image?.command ?? []) ? {} : given('command', words(config.Cmd))),
    ...given('user', config.User),
    ...given('environment', Object.fromEntries(environment)),
    ...given('labels', Object.fromEntries(labels.map(([key, value]) => [key, escaped(value)]))),
    ...given(
      'ports',
      each.details.published.map(({ container, protocol, hostIp, host: port }) => {
        const at = `${hostIp.includes(':') ? `[${hostIp}]` : hostIp}${hostIp === '' ? '' : ':'}`;
        return `${at}${port === 0 ? '' : `${port}:`}${container}${protocol === 'tcp' ? '' : `/${protocol}`}`;
      }),
    ),
    ...given('volumes', mounts),
    ...(apart ? { network_mode: mode } : given('networks', networks)),
    ...given('restart', restart.Name === 'no' ? '' : `${restart.Name}${times > 0 ? `:${times}` : ''}`),
    ...given('init', host.Init),
    ...given('privileged', host.Privileged),
    ...given('cap_add', host.CapAdd),
    ...given('cap_drop', host.CapDrop),
    ...given('security_opt', host.SecurityOpt),
    ...given('extra_hosts', host.ExtraHosts),
    ...given('read_only', host.ReadonlyRootfs),
    ...Object.assign({}, ...Object.entries(limitsOf(config, host)).map(([key, value]) => given(key, value))),
    ...given('depends_on', dependencies(each)),
  };
}

/** As compose writes them: `db:service_started:false,...`. */
const dependencies = (each: Each): string[] =>
  (each.labels['com.docker.compose.depends_on'] ?? '')
    .split(',')
    .map((part) => part.split(':')[0] ?? '')
    .filter((name) => name !== '');
