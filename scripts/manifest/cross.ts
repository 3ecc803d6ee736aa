// What has to be true between the manifests of a host: names, ports and compose projects belong to one service each.
import type { ServiceManifest } from '../model/service.ts';

/** The port that a service's variable stands for: `.env` first (`3000` or `127.0.0.1:3000`), the default where it is unset or empty; undefined where `.env` holds something else. */
export function resolvedPort(
  port: { env: string; default: number },
  env: Readonly<Record<string, string>>,
): number | undefined {
  const text = (Object.hasOwn(env, port.env) ? (env[port.env] ?? '') : '').trim();
  if (text === '') return port.default;
  const [, digits] = text.match(/^(?:[0-9a-fA-F.:[\]]+:)?(\d{1,5})$/) ?? [];
  const number = Number(digits);
  return digits !== undefined && number >= 1 && number <= 65_535 ? number : undefined;
}

/**
 * Only installed services count.
 * @param env the host's `.env`.
 * @param projects compose projects that are already known from the resolved files, by service; else what the manifests declare.
 * @returns a sentence for each problem; empty: none.
 */
export function crossRules(
  manifests: readonly ServiceManifest[],
  env: Readonly<Record<string, string>>,
  projects: Readonly<Record<string, string>> = {},
): string[] {
  const installed = manifests.filter(({ installation }) => installation === 'installed');
  const ports: Claim[] = [];
  const problems: string[] = [];
  for (const { name, ports: own } of installed) {
    for (const port of own) {
      const number = resolvedPort(port, env);
      if (number === undefined) problems.push(`${name}: ${port.env} in .env is not a port`);
      else
        ports.push({
          service: name,
          key: String(number),
          from: Object.hasOwn(env, port.env) ? `${port.env} in .env` : `the default of ${port.env}`,
        });
    }
  }
  const compose = installed.flatMap(({ name, runtime, compose }): Claim[] => {
    const key = (Object.hasOwn(projects, name) ? projects[name] : undefined) ?? compose.project;
    return runtime === 'compose' && key !== undefined ? [{ service: name, key, from: 'compose.project' }] : [];
  });
  return [
    ...clashes(
      installed.map(({ name }) => ({ service: name, key: name, from: 'name' })),
      (key) => `two manifests have the name ${key}`,
    ),
    ...problems,
    ...clashes(
      ports,
      (key, all) => `port ${key} is claimed by ${all.map(({ service, from }) => `${service} (${from})`).join(' and ')}`,
    ),
    ...clashes(
      compose,
      (key, all) => `compose project ${key} is claimed by ${all.map(({ service }) => service).join(' and ')}`,
    ),
  ];
}

interface Claim {
  service: string;
  key: string;
  from: string;
}

function clashes(claims: Claim[], says: (key: string, all: Claim[]) => string): string[] {
  const byKey = new Map<string, Claim[]>();
  for (const claim of claims) byKey.set(claim.key, [...(byKey.get(claim.key) ?? []), claim]);
  return [...byKey].flatMap(([key, all]) => (all.length > 1 ? [says(key, all)] : []));
}
