// The dump of a PostgreSQL database, or its restore, as one process: database-program.ts CONTAINER FOLDER dump|restore. Prints its own largest resident set.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupContext, BackupFile, BackupItem } from '../../backups/kind.ts';
import { postgresKind } from '../../backups/postgres/kind.ts';
import { hostPaths } from '../../host/paths.ts';
import { openHost } from '../../host/real.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { ownPeakMb } from './own-memory.ts';

const [container = '', folder = '', what] = process.argv.slice(2);
const text = `name: bench
containers: [{ name: bench, role: app }]
database: { type: postgresql, name: bench, user: bench, container: ${container}, password_env: PASSWORD }
backup: { type: [database] }
`;
const { manifest } = parseManifest(text, { file: 'manifest.yaml', folder: 'bench' });
const context: BackupContext = {
  host: openHost(),
  paths: hostPaths(folder, folder, '.asd/workspace/backups'),
  env: { PASSWORD: process.env.PGPASSWORD ?? '' },
  secrets: [],
  ticket: 'T1',
  timeoutMs: 600_000,
  service: manifest,
  resolved: { service: 'bench', project: 'bench', components: [], variables: [], namedFiles: [], document: '{}' },
  running: [],
  helperImage: '',
};
const record = join(folder, 'record.json');
if (what === 'dump') {
  const [item] = await postgresKind.items(context);
  if (item === undefined) throw new Error('there is no database');
  const files = await postgresKind.write(context, item, folder);
  writeFileSync(record, JSON.stringify({ item, files }));
} else {
  const { item, files } = JSON.parse(readFileSync(record, 'utf8')) as { item: BackupItem; files: BackupFile[] };
  const work = join(folder, 'work');
  mkdirSync(work, { recursive: true });
  const restoring = { item, files, folder, stamp: '20260102_030405', work };
  const { stage, swap, settle } = postgresKind.restore;
  if (what === 'settle') await settle(context, restoring);
  else {
    await stage(context, restoring);
    await swap(context, restoring);
  }
}
console.log(JSON.stringify({ ownMb: ownPeakMb() }));
