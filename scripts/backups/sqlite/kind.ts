// Kind `database` for SQLite: an online copy by VACUUM INTO, compressed. VACUUM INTO reads in one transaction, so that the copy is the state of
// one moment however many write meanwhile (the backup API would start again at each write of another process), keeps rowids, and
// takes in what is still in the WAL. Copying the file itself would leave that out. Writers of a database in WAL mode do not wait for it.
import { basename, join } from 'node:path';
import { sqliteDump, sqliteInspect } from '../../host/sqlite.ts';
import { stepFailed } from '../../model/error.ts';
import { COMPRESS, checkPipe, DECOMPRESS, toolOptions } from '../archive.ts';
import type { BackupKind } from '../kind.ts';
import { itemName } from '../names.ts';
import { shellComment, shellWord } from '../shell.ts';
import { checkSums } from '../sums.ts';
import { BUSY_MS, checkContent, content, limits } from './content.ts';
import { databaseFile } from './file.ts';
import { sqliteRestorer } from './restore.ts';

export const sqliteKind: BackupKind = {
  kind: 'database',

  async items(context) {
    const path = await databaseFile(context);
    const { files } = context.host;
    const bytes = (files.stat(path)?.size ?? 0) + (files.stat(`${path}-wal`)?.size ?? 0);
    const name = itemName('database', basename(path), new Set());
    return [
      {
        kind: 'database',
        database: 'sqlite',
        name,
        describes: `SQLite database ${path}`,
        path,
        bytes,
        when: 'running',
      },
    ];
  },

  async write(context, item, folder) {
    const { files } = context.host;
    const source = item.path ?? '';
    const before = files.stat(source);
    if (before?.kind !== 'file') throw stepFailed({ what: `the SQLite database ${source} is not there any more` });
    if (before.size === 0) throw empty(source);
    const dump = join(folder, `.${item.name}.dump`);
    const facts = await sqliteDump(context.host, source, dump, BUSY_MS, limits(context));
    if (facts.rows.length === 0) throw empty(source);
    const file = `${item.name}.zst`;
    const options = { ...toolOptions(context), fromFile: dump, toFile: join(folder, file) };
    const written = await context.host.exec.pipe([COMPRESS], options);
    checkPipe(written, `compressing ${item.describes}`, dump);
    const dumpBytes = files.stat(dump)?.size ?? 0;
    files.remove(dump);
    const owner = { mode: before.mode.toString(8), uid: before.uid, gid: before.gid };
    const about = { sqlite: facts.sqlite, journalMode: facts.journalMode, dumpBytes, ...owner };
    return [{ file, bytes: written.bytes, sha256: written.sha256, facts: { ...about, ...content(facts) } }];
  },

  async check(context, item, folder, files) {
    const [file] = files;
    if (file === undefined) throw stepFailed({ what: `${item.describes} has no dump`, where: folder });
    await checkSums(context, folder, files);
    const scratch = join(folder, `.${item.name}.check`);
    try {
      const options = { ...toolOptions(context), fromFile: join(folder, file.file), toFile: scratch };
      checkPipe(await context.host.exec.pipe([DECOMPRESS], options), 'decompressing the dump', join(folder, file.file));
      const found = await sqliteInspect(context.host, scratch, limits(context));
      checkContent(found, folder, file);
    } finally {
      context.host.files.remove(scratch);
    }
  },

  restoreCommands(item, files) {
    return files.flatMap(({ file, facts }) => [
      shellComment(`what is there now goes into a folder beside it, ${item.path}.before.XXXXXX, with its WAL`),
      `TARGET=${shellWord(item.path ?? '')}`,
      'mkdir -p -- "$(dirname -- "$TARGET")"',
      `zstd -d -q -c -- ${shellWord(file)} > "$TARGET.restore"`,
      `chown ${facts.uid}:${facts.gid} -- "$TARGET.restore"`,
      `chmod ${facts.mode} -- "$TARGET.restore"`,
      'BEFORE=$(mktemp -d -- "$TARGET.before.XXXXXX")',
      'for SUFFIX in -wal -shm -journal ""; do if [ -e "$TARGET$SUFFIX" ]; then mv -- "$TARGET$SUFFIX" "$BEFORE/"; fi; done',
      'mv --no-target-directory -- "$TARGET.restore" "$TARGET"',
    ]);
  },

  restore: sqliteRestorer,
};

const empty = (path: string) =>
  stepFailed({
    what: `the SQLite database ${path} is empty: it has no table`,
    hint: 'Check database.path in the manifest: is it the file that the service uses?',
  });
