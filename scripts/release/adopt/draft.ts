// placeholder
import type { World } from '../world.ts';
export async function draft(
  _world: World,
  _options: { projects: readonly string[]; withSecrets: boolean; dry: boolean },
): Promise<number> {
  return 0;
}
