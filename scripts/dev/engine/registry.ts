// A real registry on loopback for tests, so that pulls by digest are real.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_PATH } from './packages.ts';
import type { TestEngine } from './test-engine.ts';

export interface TestRegistry {
  /** `127.0.0.1:<port>`: prefix of the images that are to come from here. */
  address: string;
  /** Tags a local image as `<address>/<name>` and pushes it. @returns `<address>/<name>` without tag, `@`, digest. @throws Error where the push fails. */
  push(engine: TestEngine, local: string, name: string): string;
  /** Ends it and takes its folder away. */
  stop(): Promise<void>;
}

const KEEPER = `
docker-registry serve "$1/config.yml" >"$1/log" 2>&1 &
registry=$!
trap : HUP INT TERM
until cat >/dev/null; do :; done
kill "$registry"
wait "$registry"
rm -rf "$1"
`;

/** @throws Error where it does not answer within 10 s. */
export async function startRegistry(): Promise<TestRegistry> {
  const root = mkdtempSync(join(tmpdir(), 'belay-registry-'));
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });
  const address = `127.0.0.1:${probe.port}`;
  probe.stop(true);
  writeFileSync(
    join(root, 'config.yml'),
    `version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: ${JSON.stringify(join(root, 'data'))} }, delete: { enabled: true } }\nhttp: { addr: ${JSON.stringify(address)} }\n`,
  );
  const keeper = spawn('sh', ['-c', KEEPER, 'sh', root], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: SYSTEM_PATH, HOME: root },
  });
  const ended = new Promise<void>((resolve) => {
    keeper.once('close', () => resolve());
  });
  const stop = async () => {
    keeper.ref();
    keeper.stdin.end();
    await ended;
  };
  for (let waited = 0; !(await answers(address)); waited += 25) {
    if (waited > 10_000) {
      await stop();
      throw new Error(`the test registry does not answer on ${address}`);
    }
    await Bun.sleep(25);
  }
  keeper.unref();
  return { address, push: (engine, local, name) => push(engine, local, `${address}/${name}`), stop };
}

function push(engine: TestEngine, local: string, ref: string): string {
  const docker = (...argv: string[]): string => {
    const done = spawnSync('docker', argv, {
      encoding: 'utf8',
      env: { PATH: SYSTEM_PATH, HOME: '/nonexistent', ...engine.env },
    });
    if (done.status !== 0) throw new Error(`docker ${argv.join(' ')}: ${done.stderr}`);
    return done.stdout;
  };
  docker('tag', local, ref);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(docker('push', ref))?.[1];
  if (digest === undefined) throw new Error(`no digest in what docker push ${ref} printed`);
  return `${ref.slice(0, ref.lastIndexOf(':'))}@${digest}`;
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(`http://${address}/v2/`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
