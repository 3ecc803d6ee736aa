// The keys of a manifest, section by section. What is not here is another tool's.
import { absolutePath, duration, endpoint, flag, oneOf, orVariable, relativePath, text, whole } from './fields.ts';
import { argv, field, listOf, looseSection, type Output, oneOrListOf, section } from './sections.ts';
import {
  containerName,
  envName,
  glob,
  groupName,
  imageName,
  imageTag,
  projectName,
  runtimeName,
  serviceName,
  volumeSuffix,
} from './words.ts';

const words = argv(text);
const uid = field(whole(0, 4_294_967_294));

const container = section({
  name: field(containerName),
  role: field(
    oneOf('app', 'worker', 'scheduler', 'websocket', 'backend', 'proxy', 'database', 'cache', 'queue', 'job'),
  ).optional(),
  required: field(flag).optional(),
  health_check: field(flag).optional(),
  service: field(containerName).optional(),
  container_user: field(text).optional(),
});

const backup = section({
  enabled: field(flag).optional(),
  type: oneOrListOf(field(oneOf('database', 'volume', 'workspace', 'config', 'command'))).optional(),
  volumes: listOf(
    section({
      suffix: field(volumeSuffix).optional(),
      bind: field(orVariable(absolutePath)).optional(),
      data_uid: uid.optional(),
    }).refine((volume) => (volume.suffix === undefined) !== (volume.bind === undefined), {
      error: 'must have either suffix or bind',
    }),
  ).optional(),
  paths: listOf(field(relativePath)).optional(),
  command: section({ backup: words, restore: words.optional(), verify: words.optional() }).optional(),
  consistency: field(oneOf('pause', 'stop', 'live')).optional(),
  drill: field(oneOf('full', 'list', 'off')).optional(),
  method: field(oneOf('archive', 'incremental')).optional(),
  retention: section({ keep: field(whole(1, 100_000)).optional(), days: field(whole(1, 100_000)).optional() })
    .refine((retention) => (retention.keep === undefined) !== (retention.days === undefined), {
      error: 'must have either keep or days',
    })
    .optional(),
});

/** Each top-level key that this engine reads. `framework` is another tool's, of which one key is ours. */
export const sections = {
  name: field(serviceName),
  display_name: field(text).optional(),
  description: field(text).optional(),
  category: field(text).optional(),
  classification: field(oneOf('core', 'enterprise', 'optional')).optional(),
  priority: field(whole(0, 100_000)).optional(),
  installation: section({
    status: field(oneOf('installed', 'inactive', 'available', 'deprecated')).optional(),
  }).optional(),
  runtime: field(runtimeName).optional(),
  compose: section({
    project: field(projectName).optional(),
    files: listOf(field(relativePath)).optional(),
    profiles: listOf(field(text)).optional(),
    directory: field(orVariable(absolutePath)).optional(),
    env_files: listOf(field(orVariable(absolutePath))).optional(),
  }).optional(),
  image: section({
    name: field(imageName),
    tag: field(imageTag),
    env_var: field(envName).optional(),
    build: field(flag).optional(),
  }).optional(),
  containers: listOf(container, 'a list of containers', 1).optional(),
  requirements: section({
    port_env: listOf(section({ env: field(envName), default: field(whole(1, 65_535)) })).optional(),
  }).optional(),
  database: section({
    type: field(oneOf('postgresql', 'mariadb', 'mysql', 'redis', 'sqlite')),
    name: field(text).optional(),
    container: field(containerName).optional(),
    user: field(text).optional(),
    password_env: field(envName).optional(),
    path: field(relativePath).optional(),
  }).optional(),
  backup: backup.optional(),
  health: section({
    endpoint: field(orVariable(endpoint)),
    expected_code: field(whole(100, 599)).optional(),
    timeout: field(duration(1)).optional(),
    stable_for: field(duration(0)).optional(),
    version_endpoint: field(orVariable(endpoint)).optional(),
  }).optional(),
  e2e: section({ enabled: field(flag).optional(), command: words.optional() })
    .refine((e2e) => e2e.enabled === false || e2e.command !== undefined, { error: 'is enabled and has no command' })
    .optional(),
  fixes: section({ post_restore: section({ functions: listOf(field(text)).optional() }).optional() }).optional(),
  install: words.optional(),
  release: section({
    watch: listOf(field(glob)).optional(),
    timeout: field(duration(1)).optional(),
    group: field(groupName).optional(),
  }).optional(),
  framework: looseSection({ startup_priority: field(whole(0, 100_000)).optional() }).optional(),
} as const;

export type SectionName = keyof typeof sections;
/** What the file says, section by section; one that is absent or could not be read is undefined. */
export type ReadSections = { [K in SectionName]?: Output<(typeof sections)[K]> | undefined };
