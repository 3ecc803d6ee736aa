// The database servers under the one contract, on the test engine. Kills in the middle of a restore take longer: tests/scenarios has them.
import { backupContract } from './contract.ts';
import { mariadbFixture } from './mariadb/fixture.ts';
import { mariadbKind } from './mariadb/kind.ts';
import { postgresFixture } from './postgres/fixture.ts';
import { postgresKind } from './postgres/kind.ts';
import { redisFixture } from './redis/fixture.ts';
import { databaseEngine } from './server/world.ts';

const engine = await databaseEngine();

if (engine !== undefined) {
  const { env } = engine;
  const quick = { kills: false, limitMs: 60_000 };
  backupContract(
    'database (PostgreSQL)',
    async () => ({ kind: postgresKind, ...(await postgresFixture(engine)), env }),
    quick,
  );
  backupContract(
    'database (MariaDB)',
    async () => ({ kind: mariadbKind, ...(await mariadbFixture(engine)), env }),
    quick,
  );
  backupContract('database (Redis)', async () => ({ ...(await redisFixture(engine)), env }), quick);
}
