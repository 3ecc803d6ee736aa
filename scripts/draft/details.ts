// What a draft asks of a container beyond what every verb needs: how it was told to run.

interface Wire {
  [key: string]: unknown;
}
const wire = (value: unknown): Wire => (typeof value === 'object' && value !== null ? (value as Wire) : {});
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export interface Details {
  /** When it was made, ISO 8601. */
  created: string;
  /** Entrypoint and command, as it runs. */
  argv: string[];
  /** Container ports with their protocol, published or not: `5432/tcp`. */
  exposed: string[];
  published: Array<{ container: number; protocol: string; hostIp: string; host: number }>;
  /** Docker's health check as words; empty where there is none. */
  healthTest: string[];
  restart: string;
  /** Of each network: the other names that it has there. */
  aliases: string[];
  /** The whole answer, for a compose file that is gone. */
  raw: Wire;
}

/** @param json what the engine says of one container. */
export function detailsOf(json: unknown): Details {
  const raw = wire(json);
  const [config, host] = [wire(raw.Config), wire(raw.HostConfig)];
  const test = texts(wire(config.Healthcheck).Test);
  return {
    created: text(raw.Created),
    argv: [...texts(config.Entrypoint), ...texts(config.Cmd)],
    exposed: Object.keys(wire(config.ExposedPorts)),
    published: Object.entries(wire(host.PortBindings)).flatMap(([port, bound]) => {
      const [number = '', protocol = 'tcp'] = port.split('/');
      return (Array.isArray(bound) ? bound : []).map((each) => ({
        container: Number(number),
        protocol,
        hostIp: text(wire(each).HostIp),
        host: Number(text(wire(each).HostPort)) || 0,
      }));
    }),
    healthTest: test[0] === 'NONE' ? [] : test,
    restart: text(wire(host.RestartPolicy).Name),
    aliases: Object.values(wire(wire(raw.NetworkSettings).Networks)).flatMap((each) => texts(wire(each).Aliases)),
    raw,
  };
}
