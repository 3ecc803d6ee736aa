// Every hook of every service: a plain file that its interpreter can read and parse.
import { join } from 'node:path';
import { shellWord } from '../../backups/shell.ts';
import { cleanEnvironment } from '../../host/environment.ts';
import { scriptProblem } from '../../host/script-syntax.ts';
import { messageOf } from '../../model/error.ts';
import { type Check, type Finding, fail, mend, pass, warn } from '../check.ts';
import type { Patient } from '../patient.ts';
import { fileMend } from './settings.ts';

const HOOKS = [
  'preflight.ts',
  'pre_start_init.ts',
  'post_start_init.ts',
  'ensure-config.ts',
  'post_data_restore.ts',
  'post_data_restore.sh',
];
const MAX_BYTES = 4 * 1024 * 1024;

export const hooks: Check = {
  id: 'hooks',
  async look(at) {
    const there = at.services.flatMap(({ name }) =>
      HOOKS.map((hook) => `packages/${name}/scripts/${hook}`).filter(
        (file) => at.host.files.stat(join(at.paths.root, file)) !== undefined,
      ),
    );
    const findings = (await at.each(there, (file) => problemOf(at, file))).flat();
    return findings.length > 0 ? findings : [pass(`${there.length} hooks`)];
  },
};

async function problemOf(at: Patient, file: string): Promise<Finding[]> {
  const { host, paths } = at;
  const path = join(paths.root, file);
  const mode = host.files.stat(path)?.mode ?? 0;
  let text: string;
  try {
    text = host.files.readText(path, { follow: true, maxBytes: MAX_BYTES }) ?? '';
  } catch (error) {
    return [fail(`${file} cannot be read: ${messageOf(error)}`, await fileMend(at, [file]))];
  }
  const wrong = file.endsWith('.ts') ? scriptProblem(text) : await shellProblem(at, path);
  if (wrong !== undefined) return [fail(`${file} does not parse: ${wrong}`, await fileMend(at, [file]))];
  // The engine hands it to its interpreter; but who wrote a #! meant it to run by itself.
  if (text.startsWith('#!') && (mode & 0o111) === 0)
    return [
      warn(`${file} begins with #! and is not executable`, mend(`chmod +x ${shellWord(file)}`, 'and commit it so')),
    ];
  return [];
}

async function shellProblem({ host, secrets }: Patient, path: string): Promise<string | undefined> {
  const result = await host.exec.run(['bash', '--noprofile', '--norc', '-n', path], {
    cwd: '/',
    env: cleanEnvironment(host.machine.env),
    timeoutMs: 10_000,
    secrets,
    truncate: true,
  });
  return result.code === 0 ? undefined : (result.tail[0] ?? 'bash refuses it');
}
