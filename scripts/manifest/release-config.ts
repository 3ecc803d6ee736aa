// `.asd/release.yaml` -> ReleaseConfig: this engine's own file, so that every key has to be known.
import { NOTICES, type NoticeName, type Webhook } from '../model/notice.ts';
import type { ReleaseConfig } from '../model/service.ts';
import type { YamlFile } from './document.ts';
import {
  absolutePath,
  also,
  duration,
  isUnfit,
  oneOf,
  type Reader,
  relativePath,
  text,
  textLike,
  whole,
} from './fields.ts';
import { readFile } from './file.ts';
import { type Problem, refuseProblems } from './problems.ts';
import { argv, field, listOf, mapOf, type Output, readShape, section } from './sections.ts';
import { branchName, envName, glob, serviceName } from './words.ts';

const backupDir: Reader<string> = (value) =>
  (typeof value === 'string' && value.startsWith('/') ? absolutePath : relativePath)(value);
const imageOrNone: Reader<string> = (value) =>
  value === ''
    ? ''
    : also(text, (words) =>
        /^[A-Za-z0-9][\w.:/@-]*$/.test(words) ? undefined : { unfit: 'must be an image, such as alpine:3' },
      )(value);

/** What restic takes for a repository, without a password: this file is in git. */
const resticRepository = also(text, (words) => {
  if (/^[a-z][a-z0-9]*:\/\/|^[a-z][a-z0-9]*:https?:\/\//.test(words) && /\/\/[^/]*:[^/]*@/.test(words))
    return { unfit: 'must hold no password, since this file is in git' };
  if (/^[a-z][a-z0-9]*:[^\n]+$/.test(words)) return undefined;
  const path = absolutePath(words);
  return isUnfit(path) ? { unfit: 'must be an absolute path, or as sftp:host:/path, rest:https://host/' } : undefined;
});

const allOrServices: Reader<'all' | string[]> = (value) => {
  if (value === 'all') return 'all';
  const says = { unfit: 'must be all, or a list of services' };
  if (!Array.isArray(value) || value.length === 0) return says;
  const names: string[] = [];
  for (const one of value) {
    const name = serviceName(one);
    if (isUnfit(name)) return { unfit: `has an entry that ${name.unfit}` };
    names.push(name);
  }
  return names;
};

const DEFAULT_CAP_MS = 1_800_000;

const webUrl = textLike(/^https?:\/\/[^\s/]+(?:\/\S*)?$/, 'an address that begins with https:// or http://');
const NAMES = Object.keys(NOTICES) as NoticeName[];

export const configSchema = section({
  branch: field(branchName).optional(),
  concurrency: field(whole(1, 64)).optional(),
  on_failure: field(oneOf('halt', 'revert')).optional(),
  shared: mapOf(glob, field(allOrServices)).optional(),
  ignore: listOf(field(glob), 'a list of globs').optional(),
  changelog: listOf(field(glob), 'a list of globs, such as [CHANGELOG.md]').optional(),
  revert: section({
    push: field(oneOf('main', 'branch', 'none')).optional(),
    max_loss: field(duration(0)).optional(),
  }).optional(),
  backup: section({
    dir: field(backupDir).optional(),
    pause_max: field(duration(1)).optional(),
    helper_image: field(imageOrNone).optional(),
    restic: section({
      repository: field(resticRepository),
      password_file: field(backupDir),
      on_failure: field(oneOf('warn', 'refuse')).optional(),
      timeout: field(duration(1)).optional(),
    }).optional(),
  }).optional(),
  confirm: section({
    within: field(duration(1)).optional(),
    cap: field(duration(1)).optional(),
    watch: field(oneOf('notice', 'revert')).optional(),
  }).optional(),
  notify: listOf(
    section({
      name: field(textLike(/^[\w.-]{1,40}$/, 'a word of at most 40 letters, digits, dots and dashes')).optional(),
      url: field(webUrl).optional(),
      url_env: field(envName).optional(),
      format: field(oneOf('json', 'slack')).optional(),
      events: listOf(field(oneOf(...NAMES)), 'a list of notices, such as [halted, reverted]', 1).optional(),
    }),
    'a list of webhooks, each with url_env or url',
  ).optional(),
  after_confirm: listOf(argv(text), 'a list of commands, each a list of words').optional(),
});

/**
 * @param text undefined where the repository has no such file.
 * @throws refused, its details listing all problems with line and column.
 */
export function parseReleaseConfig(
  text: string | undefined,
  file = '.asd/release.yaml',
): { config: ReleaseConfig; notices: string[] } {
  if (text === undefined || isBlank(text)) return { config: withDefaults({}), notices: [] };
  const { data, problems } = readFile({ text, file, isRead: () => true }, check);
  if (problems.length > 0 || data === undefined) throw refuseProblems(problems);
  return { config: withDefaults(data), notices: [] };
}

function check(yaml: YamlFile): { data: Output<typeof configSchema> | undefined; problems: Problem[] } {
  const problems: Problem[] = [...yaml.problems];
  if (yaml.value === undefined) return { data: undefined, problems };
  const result = readShape(configSchema, yaml.value, yaml, []);
  const data = 'data' in result ? result.data : undefined;
  if ('problems' in result) problems.push(...result.problems);
  const { within, cap } = data?.confirm ?? {};
  if (within !== undefined && cap !== undefined && within > cap)
    problems.push(yaml.problem(['confirm', 'within'], 'is longer than confirm.cap, which it can never pass'));
  for (const [at, { url, url_env }] of (data?.notify ?? []).entries())
    if ((url === undefined) === (url_env === undefined))
      problems.push(
        yaml.problem(['notify', at], 'needs url_env, the name of a variable of .env, or url, and not both'),
      );
  return { data, problems };
}

/** Nothing but comments, as the file is when everything stands at its default. */
const isBlank = (text: string) => text.split('\n').every((line) => /^[ \r]*(?:#|$)/.test(line));

type ReadRestic = NonNullable<NonNullable<Output<typeof configSchema>['backup']>['restic']>;

const resticOf = (read: ReadRestic): NonNullable<ReleaseConfig['backup']['restic']> => ({
  repository: read.repository,
  passwordFile: read.password_file,
  onFailure: read.on_failure ?? 'warn',
  timeoutMs: read.timeout ?? 1_800_000,
});

type ReadWebhook = NonNullable<Output<typeof configSchema>['notify']>[number];

const webhookOf = ({ name, url = '', url_env, format, events }: ReadWebhook, at: number): Webhook => ({
  name: name ?? url_env ?? `notify-${at + 1}`,
  url: url_env === undefined ? url : { env: url_env },
  format: format ?? 'json',
  notices: events ?? NAMES.filter((notice) => notice !== 'started'),
});

function withDefaults(read: Output<typeof configSchema>): ReleaseConfig {
  return {
    branch: read.branch ?? 'main',
    concurrency: read.concurrency ?? 4,
    onFailure: read.on_failure ?? 'halt',
    shared: read.shared ?? {},
    ignore: read.ignore ?? ['docs/**', '*.md'],
    changelog: read.changelog ?? ['CHANGELOG.md'],
    revert: { push: read.revert?.push ?? 'main', maxLossMs: read.revert?.max_loss ?? 3_600_000 },
    backup: {
      dir: read.backup?.dir ?? '.asd/workspace/backups',
      pauseMaxMs: read.backup?.pause_max ?? 10_000,
      helperImage: read.backup?.helper_image ?? '',
      ...(read.backup?.restic === undefined ? {} : { restic: resticOf(read.backup.restic) }),
    },
    confirm: {
      withinMs: read.confirm?.within,
      capMs: read.confirm?.cap ?? Math.max(DEFAULT_CAP_MS, read.confirm?.within ?? 0),
      watch: read.confirm?.watch ?? 'notice',
    },
    afterConfirm: read.after_confirm ?? [],
    ...(read.notify === undefined || read.notify.length === 0 ? {} : { notify: read.notify.map(webhookOf) }),
  };
}
