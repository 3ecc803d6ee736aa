// For tests: a folder of a service that is saved as snapshots, and brought back step by step.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupContext, BackupItem, Basis, Restoring } from '../kind.ts';
import { workspaceKind } from '../workspace/kind.ts';
import { makeWorld, type World } from '../world.ts';
import { listOf, treeOf } from './basis.ts';

export const STAMP = '20260102_030405';

interface Saved extends Basis {
  restoring: Restoring;
  facts: Record<string, string | number>;
  check(): Promise<void>;
}

export interface SnapshotWorld {
  world: World;
  /** The live folder; not made yet. */
  tree: string;
  item: BackupItem;
  save(basis?: Basis): Promise<Saved>;
  step(name: 'stage' | 'swap' | 'settle' | 'undo', saved: Saved, context?: BackupContext): Promise<void>;
}

/** The caller ends `world`. */
export function openSnapshots(): SnapshotWorld {
  const world = makeWorld({ backup: { types: ['workspace'], paths: ['data'], method: 'incremental' } });
  const tree = world.packagePath('data');
  const item: BackupItem = {
    kind: 'workspace',
    name: 'workspace-data',
    describes: 'workspace data',
    path: tree,
    method: 'incremental',
    bytes: undefined,
    when: 'held',
  };
  return {
    world,
    tree,
    item,
    async save(basis) {
      const folder = mkdtempSync(join(world.root, 'backup-'));
      const files = await workspaceKind.write(world.context, item, folder, basis);
      return {
        stamp: 'earlier',
        tree: join(folder, treeOf(item)),
        list: join(folder, listOf(item)),
        restoring: { item, files, folder, stamp: STAMP, work: join(folder, 'work') },
        facts: files[0]?.facts ?? {},
        check: () => workspaceKind.check(world.context, item, folder, files),
      };
    },
    step: (name, saved, context = world.context) => workspaceKind.restore[name](context, saved.restoring),
  };
}
