// For tests: a MariaDB schema with everything that a careless dump loses, and a fingerprint that sees it.
import type { TestEngine } from '../../dev/engine/test-engine.ts';
import { makeServer, type ServerOptions } from '../server/fixture.ts';

// mariadb-dump --events cannot take a schema with a quote in its name.
export const DATABASE = 'shöp one-x';

const CONTENT = `
CREATE TABLE people (id bigint AUTO_INCREMENT PRIMARY KEY, \`näme 名\` varchar(200), photo blob, age int NULL, flags bit(3), extra json, KEY ages (age)) AUTO_INCREMENT = 1000;
INSERT INTO people (\`näme 名\`, photo, age, flags, extra) SELECT CONCAT('Žoë 😀 ', seq, '\\n\\t\\\\'), UNHEX(MD5(seq)), NULLIF(seq % 7, 0), b'101', '{"a": [1, null]}' FROM seq_1_to_500;
CREATE TABLE \`odd \`\`t\`\`.x\` (p bigint, note text CHECK (note <> 'no'), CONSTRAINT parent FOREIGN KEY (p) REFERENCES people (id) ON DELETE CASCADE);
INSERT INTO \`odd \`\`t\`\`.x\` SELECT id, NULL FROM people LIMIT 20;
CREATE TABLE nothing (x int) COMMENT 'it''s empty';
CREATE SEQUENCE numbers START WITH 100 INCREMENT BY 5; SELECT NEXTVAL(numbers);
CREATE FUNCTION twice(i int) RETURNS int DETERMINISTIC RETURN 2 * i;
CREATE VIEW grown AS SELECT \`näme 名\`, twice(age) AS two FROM people WHERE age > 3;
CREATE VIEW above AS SELECT * FROM grown;
DELIMITER //
CREATE PROCEDURE greet(IN who text) BEGIN SELECT CONCAT('hi ', who); END //
CREATE TRIGGER touched BEFORE UPDATE ON people FOR EACH ROW BEGIN SET NEW.age = COALESCE(NEW.age, 0); END //
DELIMITER ;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM nothing;
`;

const LOOK = `
SELECT id, \`näme 名\`, HEX(photo), age, HEX(flags), extra FROM people ORDER BY id; SELECT * FROM \`odd \`\`t\`\`.x\` ORDER BY p;
SELECT COUNT(*) FROM nothing; SELECT * FROM grown ORDER BY 1; SELECT COUNT(*) FROM above; CALL greet('you');
SHOW CREATE TABLE people; SHOW CREATE TABLE \`odd \`\`t\`\`.x\`; SHOW CREATE TABLE nothing; SHOW CREATE SEQUENCE numbers; SELECT next_not_cached_value FROM numbers;
SELECT TRIGGER_NAME, ACTION_STATEMENT, DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE();
SELECT EVENT_NAME, EVENT_DEFINITION, STATUS, DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE();
SELECT ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 1;
SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1;
SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE();
`;

/** A server with the schema in it. @param more over the options of the fixture. */
export async function mariadbFixture(engine: TestEngine, more: Partial<ServerOptions> = {}) {
  const server = await makeServer(engine, {
    database: { type: 'mariadb', name: DATABASE },
    command: ['mariadb'],
    environment: { MARIADB_ROOT_PASSWORD: "it's secret" },
    data: '/var/lib/mysql',
    ready: ['sh', '-c', 'MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb -u root -e "SELECT 1"'],
    ...more,
  });
  const sql = (text: string, database = DATABASE, ...flags: string[]) =>
    server.run(
      [
        'docker',
        'exec',
        '-i',
        '-e',
        'MYSQL_PWD',
        server.container,
        'mariadb',
        '--default-character-set=utf8mb4',
        '-uroot',
        '-N',
        ...flags,
        database,
      ],
      text,
      { MYSQL_PWD: "it's secret" },
    );
  sql(`CREATE DATABASE \`${DATABASE}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_czech_ci`, 'mysql');
  sql(CONTENT);
  return {
    ...server,
    sql,
    fingerprint: () => sql(LOOK, DATABASE, '--force'),
    spoil: () =>
      sql(
        'UPDATE people SET age = 1; DROP VIEW above, grown; DROP TABLE nothing; DROP FUNCTION twice; CREATE TABLE intruder (x int);',
      ),
    databases: () => sql('SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1', 'mysql').trim().split('\n'),
  };
}
