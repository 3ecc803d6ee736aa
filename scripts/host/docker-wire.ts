// What the Docker engine answers, read: only the parts that are used.

export interface ContainerMount {
  type: string;
  /** Volume: its name. Bind: the host path. */
  source: string;
  target: string;
  writable: boolean;
}

export interface Container {
  id: string;
  name: string;
  labels: Record<string, string>;
  imageId: string;
  imageRef: string;
  status: string;
  running: boolean;
  paused: boolean;
  exitCode: number;
  health: string | undefined;
  restarts: number;
  startedAt: string;
  mounts: ContainerMount[];
  /** Names of its environment variables. */
  variables: string[];
  /** The same with their values, which may be secrets: compared, never shown. */
  environment: Record<string, string>;
  networks: string[];
  /** As `up` asked for them: `hostIp:port/protocol`. */
  ports: string[];
}

export interface Image {
  id: string;
  tags: string[];
  /** `name@sha256:...`, one for each registry it came from or went to. */
  digests: string[];
  /** Names of the environment variables that it brings. */
  variables: string[];
  environment: Record<string, string>;
  labels: Record<string, string>;
  /** What it starts, where nobody says otherwise. */
  entrypoint: string[];
  command: string[];
}

/** A container as a list has it. */
export interface Listed {
  id: string;
  name: string;
  labels: Record<string, string>;
}

export interface Wire {
  [key: string]: unknown;
}

export const wire = (value: unknown): Wire => (typeof value === 'object' && value !== null ? (value as Wire) : {});
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
export const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
export const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(wire(value)).map(([key, each]) => [key, text(each)]));

export const messageOf = (json: unknown, status: number): string => text(wire(json).message) || `status ${status}`;

export const names = (environment: unknown): string[] =>
  list(environment).map((each) => text(each).split('=')[0] ?? '');

export const valuesOf = (environment: unknown): Record<string, string> =>
  Object.fromEntries(
    list(environment).map((each) => {
      const [name = '', ...value] = text(each).split('=');
      return [name, value.join('=')];
    }),
  );

export const listed = (value: unknown): Listed[] =>
  list(value).map((each) => ({
    id: text(wire(each).Id),
    name: text(list(wire(each).Names)[0]).replace(/^\//, ''),
    labels: texts(wire(each).Labels),
  }));

function bindingsOf(bindings: unknown): string[] {
  return Object.entries(wire(bindings)).flatMap(([port, bound]) =>
    list(bound).map((each) => `${text(wire(each).HostIp)}:${text(wire(each).HostPort)}/${port.split('/')[1] ?? 'tcp'}`),
  );
}

export function containerOf(json: Wire): Container {
  const state = wire(json.State);
  const config = wire(json.Config);
  return {
    id: text(json.Id),
    name: text(json.Name).replace(/^\//, ''),
    labels: texts(config.Labels),
    imageId: text(json.Image),
    imageRef: text(config.Image),
    status: text(state.Status),
    running: state.Running === true,
    paused: state.Paused === true,
    exitCode: number(state.ExitCode),
    health: text(wire(state.Health).Status) || undefined,
    restarts: number(json.RestartCount),
    startedAt: text(state.StartedAt),
    mounts: list(json.Mounts)
      .map(mountOf)
      .sort((a, b) => (a.target < b.target ? -1 : 1)),
    variables: names(config.Env),
    environment: valuesOf(config.Env),
    networks: Object.keys(wire(wire(json.NetworkSettings).Networks)),
    ports: bindingsOf(wire(json.HostConfig).PortBindings),
  };
}

function mountOf(value: unknown): ContainerMount {
  const mount = wire(value);
  const type = text(mount.Type);
  const source = type === 'volume' ? text(mount.Name) : text(mount.Source);
  return { type, source, target: text(mount.Destination), writable: mount.RW === true };
}
