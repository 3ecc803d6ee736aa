// Which role a container has, guessed from its image, its command, its ports and its name.

import type { ContainerRole, DatabaseSpec } from '../model/service.ts';
import { isStateful } from '../runtimes/compose/document.ts';
import { componentName } from '../runtimes/compose/running.ts';
import type { Project } from './projects.ts';

type Each = Project['containers'][number];

export interface Guess {
  service: string;
  role: ContainerRole;
  why: string;
  /** Which database it is, where one of its dumps can be taken. */
  database?: DatabaseSpec['type'];
  required: boolean;
}

interface Server {
  role: ContainerRole;
  database?: DatabaseSpec['type'];
  image: RegExp;
  program: RegExp;
  port: number;
}

const SERVERS: readonly Server[] = [
  {
    role: 'database',
    database: 'postgresql',
    image: /postgres|postgis|pgvector|timescale/,
    program: /^postgres$/,
    port: 5432,
  },
  { role: 'database', database: 'mariadb', image: /mariadb/, program: /^mariadbd?$/, port: 0 },
  { role: 'database', database: 'mysql', image: /mysql|percona/, program: /^mysqld$/, port: 3306 },
  {
    role: 'cache',
    database: 'redis',
    image: /redis|valkey|keydb/,
    program: /^(?:redis|valkey)(?:-server)?$/,
    port: 6379,
  },
  { role: 'cache', image: /memcached|dragonfly/, program: /^memcached$/, port: 11_211 },
  { role: 'queue', image: /rabbitmq|nats|kafka|redpanda|mosquitto/, program: /^rabbitmq-server$/, port: 5672 },
  {
    role: 'database',
    image: /mongo|couchdb|influxdb|clickhouse|elasticsearch|opensearch|cassandra|meilisearch|qdrant/,
    program: /^mongod$/,
    port: 27_017,
  },
];
const PROXY = /nginx|traefik|caddy|haproxy|envoy/;
const BY_NAME: ReadonlyArray<[RegExp, ContainerRole]> = [
  [/scheduler|cron|beat/, 'scheduler'],
  [/worker|sidekiq|celery|queue|jobs?$/, 'worker'],
  [/websocket|streaming|(?:^|[-_])ws(?:$|[-_])/, 'websocket'],
];

/** A line for each service of the project, in the order of their names. */
export function guessRoles(project: Project): Guess[] {
  const first = new Map<string, Each>();
  for (const each of project.containers) if (!first.has(componentName(each))) first.set(componentName(each), each);
  const containers = [...first].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const alive = project.containers.some((each) => each.running);
  const guesses = containers.map(([service, each]) => ({ each, guess: guess(service, each, alive) }));
  const apps = guesses.filter(({ guess: { role } }) => role === 'app');
  // A proxy in front of nothing is what the project is about; and so is whatever else there is.
  const main =
    apps[0] ??
    guesses.find(({ guess: { role } }) => role === 'proxy') ??
    guesses.find(({ guess: { role } }) => role === 'backend');
  if (apps.length === 0 && main !== undefined) {
    main.guess.role = 'app';
    main.guess.why = `${main.guess.why}, and nothing else of the project looks like its app`;
  }
  // What publishes a port under a proxy's image, beside an app, stays a proxy; the app leads the list.
  return guesses
    .map(({ guess: found }) => found)
    .toSorted((a, b) => Number(b.role === 'app') - Number(a.role === 'app'));
}

function guess(service: string, each: Each, alive: boolean): Guess {
  const { details } = each;
  const image = each.imageRef.replace(/@.*$/, '').split('/').at(-1) ?? '';
  const programs = details.argv.map((word) => word.split('/').at(-1) ?? '');
  const ended = !each.running && each.status !== 'created';
  const of = (role: ContainerRole, why: string): Guess => ({ service, role, why, required: true });
  if (alive && ended && each.exitCode === 0 && !['always', 'unless-stopped'].includes(details.restart))
    return of('job', 'it ended with exit code 0, and is not started again');
  const server =
    SERVERS.find(({ image: pattern }) => pattern.test(image)) ??
    SERVERS.find(({ program }) => programs.some((word) => program.test(word))) ??
    SERVERS.find(({ port }) => details.exposed.includes(`${port}/tcp`));
  const left = alive && !each.running;
  if (server !== undefined) {
    const why = server.image.test(image)
      ? `the image is ${image}`
      : programs.some((word) => server.program.test(word))
        ? `it runs ${programs.find((word) => server.program.test(word))}`
        : `it has port ${server.port}`;
    return { ...of(server.role, why), ...(server.database ? { database: server.database } : {}), required: !left };
  }
  const named = BY_NAME.find(([pattern]) => pattern.test(service));
  const ports = details.published.map(({ host }) => host).filter((port) => port > 0);
  const found = PROXY.test(image)
    ? of('proxy', `the image is ${image}`)
    : ports.length > 0
      ? of('app', `it publishes port ${ports.join(', ')}`)
      : named !== undefined
        ? of(named[1], 'by its name')
        : of('backend', 'it publishes no port');
  return left ? { ...found, required: false, why: `${found.why}; it does not run now` } : found;
}

export const holdsData = ({ role }: Guess): boolean => isStateful(role);
