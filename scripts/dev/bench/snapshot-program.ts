// A whole backup of one folder, or its restore, as one process: snapshot-program.ts backup|restore archive|incremental ROOT SOURCE.
import { join } from 'node:path';
import { stampOf } from '../../backups/folder.ts';
import type { BackupContext } from '../../backups/kind.ts';
import { listBackups } from '../../backups/list.ts';
import { restoreBackup, settleRestore } from '../../backups/restore.ts';
import { takeBackup } from '../../backups/take.ts';
import { hostPaths } from '../../host/paths.ts';
import { openHost } from '../../host/real.ts';
import { parseManifest } from '../../manifest/parse.ts';
import type { Runtime } from '../../runtimes/runtime.ts';
import { ownPeakMb } from './own-memory.ts';

const [action, method, root = '', source = ''] = process.argv.slice(2);
const text = `name: bench
containers: [{ name: bench, role: app }]
backup: { method: ${method}, volumes: [{ bind: ${JSON.stringify(source)} }] }
`;
const { manifest } = parseManifest(text, { file: 'manifest.yaml', folder: 'bench' });
const mounts = [{ kind: 'bind' as const, source, target: '/data', writable: true }];
const host = openHost();
const paths = hostPaths(root, root, join(root, `backups-${method}`));
const context: BackupContext = {
  host,
  paths,
  env: {},
  secrets: [],
  ticket: 'T1',
  timeoutMs: 600_000,
  service: manifest,
  resolved: {
    service: 'bench',
    project: 'bench',
    components: [{ name: 'bench', role: 'app', stateful: false, build: false, ports: [], mounts, dependsOn: [] }],
    variables: [],
    namedFiles: [],
    document: '{}',
  },
  running: [],
  helperImage: '',
};
// Nothing runs, so that nothing is held still, stopped or started.
const runtime = { kind: 'compose', stop: async () => undefined, start: async () => undefined } as unknown as Runtime;
const dir = paths.backups;
if (action === 'backup') {
  await takeBackup(context, runtime, {
    stamp: stampOf(host.clock.now()),
    dir,
    ticket: 'T1',
    pauseMaxMs: 600_000,
    onPause: () => undefined,
  });
} else {
  const [newest] = listBackups(host, dir).backups;
  const options = {
    folder: newest?.dir ?? '',
    dir,
    pauseMaxMs: 600_000,
    preBackup: false,
    start: false,
    onEvent: () => undefined,
  };
  await restoreBackup(context, runtime, options);
  await settleRestore(context, runtime, options);
}
console.log(JSON.stringify({ ownMb: ownPeakMb() }));
