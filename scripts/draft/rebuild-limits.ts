// What a container was told besides its image, its data and its networks: checks, devices, limits, as keys of a compose service.

interface Wire {
  [key: string]: unknown;
}
const wire = (value: unknown): Wire => (typeof value === 'object' && value !== null ? (value as Wire) : {});
const items = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const escaped = (text: unknown): string => String(text).replaceAll('$', '$$$$');
const NS_PER_MS = 1_000_000;
/** Docker's own, where nobody says otherwise. */
const SHM_BYTES = 64 * 1024 * 1024;

/** @param config, host as the engine says them of a container. @returns keys whose value is empty where there is nothing of it. */
export function limitsOf(config: Wire, host: Wire): Wire {
  const shm = Number(host.ShmSize ?? 0);
  return {
    healthcheck: healthcheck(wire(config.Healthcheck)),
    tmpfs: Object.entries(wire(host.Tmpfs)).map(([path, options]) =>
      escaped(options === '' ? path : `${path}:${String(options)}`),
    ),
    devices: items(host.Devices).map((each) => {
      const { PathOnHost, PathInContainer, CgroupPermissions } = wire(each);
      return escaped(`${PathOnHost}:${PathInContainer}:${CgroupPermissions ?? 'rwm'}`);
    }),
    shm_size: shm === SHM_BYTES ? 0 : shm,
    mem_limit: Number(host.Memory ?? 0),
    pids_limit: Math.max(0, Number(host.PidsLimit ?? 0)),
    cpus: Number(host.NanoCpus ?? 0) / 1e9,
    sysctls: wire(host.Sysctls),
    group_add: items(host.GroupAdd).map(String),
    dns: items(host.Dns).map(String),
    ulimits: Object.fromEntries(
      items(host.Ulimits).map((each) => {
        const { Name, Soft, Hard } = wire(each);
        return [String(Name), { soft: Soft, hard: Hard }];
      }),
    ),
  };
}

function healthcheck({ Test, Interval, Timeout, StartPeriod, Retries }: Wire): Wire {
  const test = items(Test).map(escaped);
  if (test.length === 0) return {};
  if (test[0] === 'NONE') return { disable: true };
  const times = { interval: Interval, timeout: Timeout, start_period: StartPeriod };
  const given = Object.entries(times).filter(([, ns]) => Number(ns ?? 0) > 0);
  return {
    test,
    ...Object.fromEntries(given.map(([name, ns]) => [name, `${Number(ns) / NS_PER_MS}ms`])),
    ...(Number(Retries ?? 0) > 0 ? { retries: Number(Retries) } : {}),
  };
}
