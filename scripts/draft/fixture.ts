// A project as the engine tells of it, for the tests of drafts.
import type { Project } from './projects.ts';

type Each = Project['containers'][number];
export interface Made extends Partial<Omit<Each, 'details'>> {
  service: string;
  argv?: string[];
  exposed?: string[];
  published?: Each['details']['published'];
  healthTest?: string[];
  restart?: string;
  raw?: Each['details']['raw'];
}

export const port = (host: number, container = 8080, hostIp = '127.0.0.1') => ({
  container,
  protocol: 'tcp',
  hostIp,
  host,
});

export function container(project: string, made: Made): Each {
  const { service, argv = [], exposed = [], published = [], healthTest = [], restart = 'no', raw = {}, ...more } = made;
  const environment = more.environment ?? {};
  return {
    id: `id-of-${project}-${service}`,
    name: `${project}-${service}-1`,
    labels: { 'com.docker.compose.project': project, 'com.docker.compose.service': service },
    imageId: 'sha256:1',
    imageRef: 'example/thing:1',
    status: 'running',
    running: true,
    paused: false,
    exitCode: 0,
    health: undefined,
    restarts: 0,
    startedAt: '',
    mounts: [],
    variables: Object.keys(environment),
    environment,
    networks: [`${project}_default`],
    ports: [],
    details: { created: '', argv, exposed, published, healthTest, restart, aliases: [], raw },
    ...more,
  };
}

export const project = (name: string, ...made: Made[]): Project => ({
  name,
  folder: `/opt/${name}`,
  files: [`/opt/${name}/docker-compose.yml`],
  gone: [],
  envFiles: [],
  containers: made.map((each) => container(name, each)),
  notes: [],
});
