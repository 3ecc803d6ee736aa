// The host's own backup command: what it is given, and what is not taken from it.
import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeWorld, type World } from '../world.ts';
import { commandKind } from './kind.ts';

let world: World;
afterEach(() => world.end());

async function save(script: string, verify?: string) {
  const argv = (text: string) => ['bash', '-c', text];
  const command = { backup: argv(script), ...(verify === undefined ? {} : { verify: argv(verify) }) };
  world = makeWorld({ backup: { types: ['command'], command } });
  world.context.env = { ...world.context.env, SHOP_TOKEN: 'not-to-be-seen' };
  world.context.secrets = ['not-to-be-seen'];
  const folder = join(world.root, 'out');
  mkdirSync(folder);
  const [item] = await commandKind.items(world.context);
  if (item === undefined) throw new Error('no item');
  const files = await commandKind.write(world.context, item, folder);
  await commandKind.check(world.context, item, folder, files);
  return { folder, files };
}

test('it gets .env and the ASD_ words, runs in its package, and folders are kept', async () => {
  const { folder, files } = await save(
    'mkdir "$ASD_BACKUP_DIR/a"; { pwd; env; } > "$ASD_BACKUP_DIR/a/env"; echo x > "$ASD_BACKUP_DIR/b"',
  );
  expect(files.map((file) => file.file)).toEqual(['command/a/env', 'command/b']);
  const text = readFileSync(join(folder, 'command/a/env'), 'utf8');
  for (const line of [
    `${world.root}/packages/shop`,
    'ASD_SERVICE=shop',
    'ASD_TICKET=T-1',
    'SHOP_TOKEN=not-to-be-seen',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

test.each([
  ['true', 'wrote nothing into ASD_BACKUP_DIR'],
  [': > "$ASD_BACKUP_DIR/empty"', 'wrote nothing into ASD_BACKUP_DIR'],
  ['ln -s /etc/passwd "$ASD_BACKUP_DIR/link"', 'no plain file'],
  [`echo x > "$ASD_BACKUP_DIR/"$'new\\nline'`, 'odd name'],
  ['echo x > "$ASD_BACKUP_DIR/f"; exit 3', 'the backup command of shop failed'],
])('%p fails', async (script, words) => {
  await expect(save(script)).rejects.toThrow(words);
});

test('what it says is shown without secrets, with its exit code', async () => {
  const failure = save('echo "bad token $SHOP_TOKEN" >&2; exit 3');
  await expect(failure).rejects.toMatchObject({
    facts: { rc: 3, details: [expect.not.stringContaining('not-to-be-seen')] },
  });
});

test('its verify command decides, and may not change the files', async () => {
  const write = 'echo x > "$ASD_BACKUP_DIR/f"';
  await save(write, 'grep -q x "$ASD_BACKUP_DIR/f"');
  await world.end();
  await expect(save(write, 'grep -q y "$ASD_BACKUP_DIR/f"')).rejects.toThrow('the verify command of shop failed');
  await world.end();
  await expect(save(write, 'echo more >> "$ASD_BACKUP_DIR/f"')).rejects.toThrow('bytes');
});
