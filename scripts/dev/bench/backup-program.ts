// The backup of one folder as a volume's, as one process: backup-program.ts SOURCE TARGET [check]. Prints its own largest resident set.
import { mkdirSync } from 'node:fs';
import type { BackupContext, BackupItem } from '../../backups/kind.ts';
import { volumeKind } from '../../backups/volume/kind.ts';
import { hostPaths } from '../../host/paths.ts';
import { openHost } from '../../host/real.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { ownPeakMb } from './own-memory.ts';

const [source = '', target = '', check] = process.argv.slice(2);
const text = 'name: bench\ncontainers: [{ name: bench, role: app }]\n';
const { manifest } = parseManifest(text, { file: 'manifest.yaml', folder: 'bench' });
const context: BackupContext = {
  host: openHost(),
  paths: hostPaths(target, target, '.asd/workspace/backups'),
  env: {},
  secrets: [],
  ticket: 'T1',
  timeoutMs: 600_000,
  service: manifest,
  resolved: { service: 'bench', project: 'bench', components: [], variables: [], namedFiles: [], document: '{}' },
  running: [],
  helperImage: '',
};
const item: BackupItem = {
  kind: 'volume',
  name: 'volume-data',
  describes: 'volume data',
  volume: 'data',
  path: source,
  bytes: undefined,
  when: 'held',
};
mkdirSync(target, { recursive: true });
const files = await volumeKind.write(context, item, target);
if (check === 'check') await volumeKind.check(context, item, target, files);
console.log(JSON.stringify({ ownMb: ownPeakMb(), bytes: files[0]?.bytes }));
