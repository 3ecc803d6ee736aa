// What a backup is told of its service: what runs now, and where from.
import type { BackupContext } from '../backups/kind.ts';
import type { ResolvedService } from '../runtimes/runtime.ts';
import type { Context } from './context.ts';
import { helperImage } from './helper-image.ts';
import type { Subject } from './resolve.ts';

export async function backupContext(
  context: Context,
  { manifest, runtime, context: at }: Subject,
  resolved: ResolvedService,
): Promise<BackupContext> {
  const running = await runtime.running(at, manifest, resolved.project);
  return { ...at, service: manifest, resolved, running, helperImage: helperImage(context) };
}
