// What has to be true between the sections of one manifest. Each rule says which sections it looks at, and is skipped where one of them could not be read.
import type { ServiceManifest } from '../model/service.ts';
import type { ReadSections, SectionName } from './schema.ts';
import { nearest } from './suggest.ts';

export interface Finding {
  path: PropertyKey[];
  what: string;
  suggestion?: string;
}

export interface Subject {
  manifest: ServiceManifest;
  read: ReadSections;
  /** The name of the folder below packages/. */
  folder: string;
}

interface Rule {
  needs: SectionName[];
  check(subject: Subject): Finding[];
}

const when = (condition: boolean, path: PropertyKey[], what: string): Finding[] => (condition ? [{ path, what }] : []);

/** A finding for each entry that an earlier one already has. */
function repeated(words: Array<string | undefined>, path: (index: number) => PropertyKey[], what: string): Finding[] {
  return words.flatMap((word, index) =>
    word !== undefined && words.indexOf(word) < index
      ? [{ path: path(index), what: `is ${JSON.stringify(word)}: ${what}` }]
      : [],
  );
}

const RULES: Rule[] = [
  {
    needs: ['name'],
    check: ({ manifest: { name }, folder }) =>
      when(
        name !== folder,
        ['name'],
        `is ${JSON.stringify(name)}, and the folder is ${JSON.stringify(folder)}: they must be the same`,
      ),
  },
  {
    needs: ['priority', 'framework'],
    check: ({ read: { priority, framework } }) => {
      const other = framework?.startup_priority;
      const differ = priority !== undefined && other !== undefined && priority !== other;
      return when(
        differ,
        ['framework', 'startup_priority'],
        `is ${other}, and priority is ${priority}: they mean the same, keep one`,
      );
    },
  },
  {
    needs: ['runtime', 'containers'],
    check: ({ manifest: { runtime }, read: { containers } }) =>
      when(
        runtime === 'compose' && containers === undefined,
        ['containers'],
        'is missing: a compose service lists its containers',
      ),
  },
  {
    needs: ['containers'],
    check: ({ read: { containers = [] } }) => [
      ...repeated(
        containers.map(({ name }) => name),
        (index) => ['containers', index, 'name'],
        'another container has that name',
      ),
      ...repeated(
        containers.map(({ name, service }) => service ?? name),
        (index) => ['containers', index, 'service'],
        'another container has that compose service',
      ),
    ],
  },
  {
    needs: ['image', 'containers', 'runtime'],
    check: ({ manifest: { image, containers, runtime } }) => {
      if (image === undefined) return [];
      if (runtime === 'pm2') return when(true, ['image'], 'is for containers, and a pm2 service has none');
      const missing = containers.length > 0 && !containers.some(({ role }) => role === 'app');
      return when(missing, ['image'], 'is that of the first container of role app, and no container has that role');
    },
  },
  {
    needs: ['requirements'],
    check: ({ manifest: { ports } }) =>
      repeated(
        ports.map(({ env }) => env),
        (index) => ['requirements', 'port_env', index, 'env'],
        'another port has that variable',
      ),
  },
  {
    needs: ['health', 'requirements'],
    check: ({ manifest: { health, ports } }) => {
      if (health === undefined || ports.length > 0) return [];
      const says = 'is a path, and requirements.port_env names no port to ask: add one, or write the whole URL';
      return [
        ...when(health.endpoint.startsWith('/'), ['health', 'endpoint'], says),
        ...when(health.versionEndpoint?.startsWith('/') === true, ['health', 'version_endpoint'], says),
      ];
    },
  },
  {
    needs: ['database', 'backup'],
    check: ({ manifest: { database, backup } }) => {
      if (database === undefined) return [];
      if (database.type !== 'sqlite')
        return when(database.path !== undefined, ['database', 'path'], 'is for sqlite only');
      if (database.path === undefined)
        return when(true, ['database', 'path'], 'is missing: the file of the sqlite database');
      const bound = database.path.match(/^bind:(.*)$/)?.[1];
      if (bound !== undefined) {
        const binds = backup.volumes.flatMap((volume) => ('bind' in volume ? [volume.bind] : []));
        const inside = binds.some((bind) => bound.startsWith(`${bind}/`));
        return when(!inside, ['database', 'path'], 'must be bind:<path>, of a file below a bind of backup.volumes');
      }
      const [, suffix] = database.path.match(/^volume:([^/]*)(?=\/.)/) ?? [];
      if (suffix === undefined)
        return when(
          database.path.startsWith('volume:'),
          ['database', 'path'],
          'must be volume:<suffix>/<path of the file in it>',
        );
      const known = backup.volumes.flatMap((volume) => ('suffix' in volume ? [volume.suffix] : []));
      if (known.includes(suffix)) return [];
      const suggestion = nearest(suffix, known);
      return [
        {
          path: ['database', 'path'],
          what: `names the volume ${suffix}, which is not in backup.volumes`,
          ...(suggestion ? { suggestion } : {}),
        },
      ];
    },
  },
  {
    needs: ['backup', 'database', 'runtime'],
    check: ({ manifest: { backup, database, runtime } }) => {
      const has = (type: string) => backup.enabled && backup.types.some((other) => other === type);
      const type = ['backup', 'type'];
      return [
        ...when(has('database') && database === undefined, type, 'has database, and there is no section database'),
        ...when(has('volume') && backup.volumes.length === 0, type, 'has volume, and backup.volumes is empty'),
        ...when(has('workspace') && backup.paths.length === 0, type, 'has workspace, and backup.paths is empty'),
        ...when(has('command') && backup.command === undefined, type, 'has command, and there is no backup.command'),
        ...when(
          runtime === 'pm2' && backup.volumes.length > 0,
          ['backup', 'volumes'],
          'is for containers: a pm2 service names backup.paths',
        ),
      ];
    },
  },
  {
    needs: ['backup'],
    check: ({ read: { backup } }) => {
      const named = (backup?.volumes ?? []).map(({ suffix, bind }) => suffix ?? bind);
      return repeated(named, (index) => ['backup', 'volumes', index], 'stands here a second time');
    },
  },
];

/** @param broken sections that could not be read. */
export function applyRules(subject: Subject, broken: ReadonlySet<string>): Finding[] {
  return RULES.flatMap((rule) => (rule.needs.some((name) => broken.has(name)) ? [] : rule.check(subject)));
}

const INCREMENTAL: ReadonlySet<string> = new Set(['volume', 'workspace']);

/** What is accepted, and probably not what was meant. */
export function notices({ manifest: { backup, runtime, database }, read }: Subject): string[] {
  const unused = (path: string, type: 'database' | 'volume' | 'workspace' | 'command', there: boolean) =>
    there && backup.enabled && !backup.types.includes(type)
      ? [`${path} is not backed up: backup.type has no ${type}`]
      : [];
  return [
    ...unused('backup.volumes', 'volume', backup.volumes.length > 0),
    ...unused('backup.paths', 'workspace', backup.paths.length > 0),
    ...unused('backup.command', 'command', backup.command !== undefined),
    ...unused('database', 'database', database !== undefined),
    ...(backup.enabled && backup.method === 'incremental' && !backup.types.some((type) => INCREMENTAL.has(type))
      ? [
          'backup.method: incremental changes nothing: it is for volumes and workspace paths, and backup.type has neither',
        ]
      : []),
    ...(runtime === 'pm2' && read.compose ? ['compose is not used: the runtime is pm2'] : []),
  ];
}
