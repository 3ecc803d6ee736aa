// A real sshd on loopback, with its own configuration, keys and port, and sessions on it that can be cut.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_PATH } from '../../../scripts/dev/engine/packages.ts';
import { freePorts } from './ports.ts';
import { descendants, isAlive, kill, mustRun, type Result, runCommand, startCommand, until } from './process.ts';

/** Why there can be none here; undefined where there can. */
export const sshdLacks = (): string | undefined =>
  ['sshd', 'ssh', 'ssh-keygen'].find((program) => Bun.which(program, { PATH: SYSTEM_PATH }) === null);

export interface SshSession {
  readonly ended: Promise<Result>;
  /** kill -9 of the client; its server learns that the connection is gone. */
  cutClient(): void;
  /** kill -9 of the server's processes for this session; the client learns it. */
  cutServer(): Promise<void>;
}

export interface Sshd {
  /** For git: core.sshCommand, and what comes before a path in a remote's URL. */
  git: { command: string; url: string };
  /** `ssh [-tt] host COMMAND`. */
  session(command: string, tty: boolean): SshSession;
  stop(): Promise<void>;
}

/** @param env of every session, instead of what a login would give. @throws Error where it does not start. */
export async function startSshd(env: Record<string, string>): Promise<Sshd> {
  // In a folder of its own: it is no process of the scenario's host.
  const home = mkdtempSync(join(tmpdir(), 'belay-sshd-'));
  const own = { PATH: SYSTEM_PATH, HOME: home };
  // Debian's sshd wants it for its own separation of privileges, and has it only while its service runs.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const at = (name: string) => join(home, name);
  for (const name of ['host', 'operator'])
    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', at(name)], home, own);
  const [port = 0] = freePorts(1);
  const setEnv = Object.entries(env).map(([key, value]) => `"${key}=${value}"`);
  writeFileSync(
    at('config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${at('host')}`,
      `PidFile ${at('pid')}`,
      `AuthorizedKeysFile ${at('operator.pub')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      'PrintMotd no',
      'PrintLastLog no',
      `SetEnv ${setEnv.join(' ')}`,
      '',
    ].join('\n'),
  );
  const hostKey = readFileSync(at('host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`);
  const program = Bun.which('sshd', { PATH: SYSTEM_PATH }) ?? 'sshd';
  // -D keeps it our child, -e its words out of the system's log.
  const server = startCommand([program, '-D', '-e', '-f', at('config')], home, own);
  const ssh = [
    'ssh',
    '-F',
    '/dev/null',
    '-i',
    at('operator'),
    '-o',
    `UserKnownHostsFile=${at('known_hosts')}`,
    '-o',
    'BatchMode=yes',
    '-p',
    String(port),
  ];
  const target = '127.0.0.1';
  const answered = async () => (await runCommand([...ssh, target, 'true'], home, own)).code === 0;
  const stop = async (): Promise<void> => {
    kill(server.pid, 'SIGTERM');
    await server.ended;
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await until('sshd answers', async () => {
      if (!isAlive(server.pid)) throw new Error(`sshd ended: ${(await server.ended).text}`);
      return await answered();
    });
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    git: { command: ssh.slice(0, -2).join(' '), url: `ssh://${target}:${port}` },
    session(command, tty) {
      const before = new Set(descendants(server.pid));
      const client = startCommand([...ssh, ...(tty ? ['-tt'] : []), target, command], home, own);
      return {
        ended: client.ended,
        cutClient: () => kill(client.pid, 'SIGKILL'),
        async cutServer() {
          // One process for the connection, and, where privileges are separated, one below it; then comes the user's shell.
          const serving = descendants(server.pid).filter((pid) => !before.has(pid) && /\bsshd\b/.test(nameOf(pid)));
          for (const pid of serving) kill(pid, 'SIGKILL');
          await client.ended;
        },
      };
    },
    stop,
  };
}

const nameOf = (pid: number): string => (isAlive(pid) ? readFileSync(`/proc/${pid}/comm`, 'utf8') : '');
