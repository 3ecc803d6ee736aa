// Kind `config`: the host's .env, the resolved configuration, and the files that it names and git does not keep.
import { basename, join } from 'node:path';
import type { BackupContext, BackupFile, BackupItem, BackupKind } from '../kind.ts';
import { shellComment, shellWord } from '../shell.ts';
import { checkSums } from '../sums.ts';
import { toolEnv } from '../tools.ts';
import { mountsOf } from '../volume/mounts.ts';
import { configRestorer, ENV_FILE } from './restore.ts';

/** The file names of one item begin with this. */
const PREFIX = 'config';

async function save(context: BackupContext, folder: string, file: string, from: string): Promise<BackupFile> {
  const { files } = context.host;
  const to = join(folder, file);
  const real = files.realpath(from);
  files.copy(real, to);
  files.chmod(to, 0o600);
  files.sync(to);
  const stat = files.stat(real);
  const facts = { path: real, mode: (stat?.mode ?? 0o600).toString(8), uid: stat?.uid ?? 0, gid: stat?.gid ?? 0 };
  return { file, bytes: files.stat(to)?.size ?? 0, sha256: await files.sha256(to), facts };
}

/** Files that the configuration names, without those that git keeps and those that the service writes to: these are data. */
async function untracked(context: BackupContext): Promise<string[]> {
  const { files } = context.host;
  const data = new Set(
    mountsOf(context)
      .filter((mount) => mount.kind === 'bind' && mount.writable)
      .map((mount) => mount.source),
  );
  const named = [...new Set(context.resolved.namedFiles)].filter((path) => {
    if (path === context.paths.envFile || data.has(path) || files.stat(path) === undefined) return false;
    return files.stat(files.realpath(path))?.kind === 'file';
  });
  if (named.length === 0) return [];
  const git = [
    'git',
    '-C',
    context.paths.root,
    '--literal-pathspecs',
    '-c',
    'core.hooksPath=/dev/null',
    '-c',
    'core.fsmonitor=false',
  ];
  const env = { ...toolEnv(context), GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' };
  const kept = new Set<string>();
  for (const path of named) {
    const result = await context.host.exec.run([...git, 'ls-files', '--error-unmatch', '--', path], {
      env,
      timeoutMs: 30_000,
    });
    if (result.code === 0) kept.add(path);
  }
  return named.filter((path) => !kept.has(path));
}

/** Of what may be saved: git keeps some of the named files. */
function sizeOf({ host, paths, resolved }: BackupContext): number {
  const named = [paths.envFile, ...new Set(resolved.namedFiles)].map((path) =>
    host.files.stat(path) === undefined ? undefined : host.files.stat(host.files.realpath(path)),
  );
  const bytes = named.map((stat) => (stat?.kind === 'file' ? stat.size : 0));
  return bytes.reduce((sum, size) => sum + size, Buffer.byteLength(resolved.document));
}

export const configKind: BackupKind = {
  kind: 'config',

  async items(context): Promise<BackupItem[]> {
    return [
      {
        kind: 'config',
        name: PREFIX,
        describes: '.env, resolved configuration and untracked files it names',
        bytes: sizeOf(context),
        when: 'running',
      },
    ];
  },

  async write(context, _item, folder) {
    const { files } = context.host;
    const saved: BackupFile[] = [];
    if (files.stat(context.paths.envFile) !== undefined)
      saved.push(await save(context, folder, ENV_FILE, context.paths.envFile));
    const resolved = `${PREFIX}.resolved`;
    files.replace(join(folder, resolved), context.resolved.document);
    const path = join(folder, resolved);
    saved.push({
      file: resolved,
      bytes: files.stat(path)?.size ?? 0,
      sha256: await files.sha256(path),
      facts: { project: context.resolved.project },
    });
    for (const [index, from] of (await untracked(context)).entries()) {
      const name = basename(from)
        .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
        .slice(0, 60);
      saved.push(await save(context, folder, `${PREFIX}.file.${index + 1}.${name}`, from));
    }
    return saved;
  },

  check: (context, _item, folder, files) => checkSums(context, folder, files),

  restoreCommands(_item, files) {
    const placed = files.filter((file) => file.facts.path !== undefined);
    return [
      shellComment('.env belongs to every service of this host: compare first, if others were changed since.'),
      shellComment(`${PREFIX}.resolved is what the service was started from; it is here to compare with.`),
      ...placed.map(({ file, facts }) => {
        const owner = `--owner=${facts.uid} --group=${facts.gid} --mode=${facts.mode}`;
        return `install -D --backup=numbered ${owner} --no-target-directory -- ${shellWord(file)} ${shellWord(String(facts.path))}`;
      }),
    ];
  },

  restore: configRestorer,
};
