// For tests: a Redis server with every kind of value, in two databases, and a fingerprint that sees them.
import type { TestEngine } from '../../dev/engine/test-engine.ts';
import type { Restorer } from '../kind.ts';
import { makeServer, type ServerOptions } from '../server/fixture.ts';
import { redisKind } from './kind.ts';

const CONTENT = `
SET "näme 名" "Žoë\\n\\x00\\xff"
RPUSH list a b c
HSET hash f 1 g 2
ZADD scores 1.5 x 2.5 y
XADD stream 1-1 k v
SADD set m n
SET temporary 1 EX 86400
SELECT 3
SET other 1
`;

/** A server with the values in it. @param more over the options of the fixture. */
export async function redisFixture(engine: TestEngine, more: Partial<ServerOptions> = {}) {
  const server = await makeServer(engine, {
    database: { type: 'redis', passwordEnv: 'SHOP_REDIS' },
    // A replica is served at once, not after 5 s.
    command: ['redis', '--repl-diskless-sync-delay', '0', '--appendonly', 'yes'],
    environment: { REDIS_PASSWORD: 'secret' },
    env: { SHOP_REDIS: 'secret' },
    data: '/data',
    ready: ['sh', '-c', '[ "$(redis-cli -a "$REDIS_PASSWORD" ping 2>&1 | tail -n 1)" = PONG ]'],
    ...more,
  });
  const cli = (text: string) => server.inside(['sh', '-c', 'REDISCLI_AUTH=$REDIS_PASSWORD exec redis-cli'], text);
  cli(CONTENT);
  /** The server is stopped while its files change places, as a restore of the whole service does it. */
  const whileStopped =
    (act: Restorer['swap']): Restorer['swap'] =>
    async (...words) => {
      server.docker('stop', server.container);
      try {
        await act(...words);
      } finally {
        server.docker('start', server.container);
        server.ready();
      }
    };
  const { restore } = redisKind;
  return {
    ...server,
    kind: { ...redisKind, restore: { ...restore, swap: whileStopped(restore.swap), undo: whileStopped(restore.undo) } },
    cli,
    fingerprint() {
      server.ready();
      return cli(
        'DUMP "näme 名"\nLRANGE list 0 -1\nHGETALL hash\nZRANGE scores 0 -1 WITHSCORES\nXRANGE stream - +\nSORT set ALPHA\nGET temporary\nDBSIZE\nSELECT 3\nGET other\nDBSIZE\n',
      );
    },
    spoil: () => cli('FLUSHALL\nSET intruder 1\n'),
  };
}
