// For tests: a PostgreSQL database with everything that a careless dump loses, and a fingerprint that sees it.
import type { TestEngine } from '../../dev/engine/test-engine.ts';
import { makeServer, type ServerOptions } from '../server/fixture.ts';

export const DATABASE = 'shöp "one"';

const CONTENT = `
CREATE ROLE keeper; CREATE ROLE reader;
CREATE SCHEMA "Lager é";
CREATE SEQUENCE numbers START 100 INCREMENT 5;
CREATE TABLE people (id bigint PRIMARY KEY DEFAULT nextval('numbers'), "näme 名" text, photo bytea, age int, born date, extra jsonb);
INSERT INTO people ("näme 名", photo, age, born, extra) SELECT 'Žoë ' || i || E'\\n\\t\\\\' , decode(md5(i::text), 'hex'), nullif(i % 7, 0), '1970-01-01'::date + i, '{"a": [1, null]}' FROM generate_series(1, 500) i;
CREATE TABLE "Lager é"."odd ""t"".x" (p bigint REFERENCES people, note text CHECK (note <> 'no'));
INSERT INTO "Lager é"."odd ""t"".x" SELECT id, NULL FROM people LIMIT 20;
CREATE TABLE nothing (x int);
CREATE TABLE parts (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (100);
INSERT INTO parts SELECT i, 'v' || i FROM generate_series(0, 50) i;
CREATE INDEX ages ON people (age) WHERE age > 2;
CREATE VIEW grown AS SELECT "näme 名" FROM people WHERE age > 3;
CREATE MATERIALIZED VIEW counted AS SELECT age, count(*) FROM people GROUP BY age;
CREATE FUNCTION double(i int) RETURNS int LANGUAGE sql AS 'SELECT 2 * i';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.age := coalesce(NEW.age, 0); RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TYPE mood AS ENUM ('sad', 'ok'); COMMENT ON TYPE mood IS 'it''s a mood';
ALTER TABLE nothing OWNER TO keeper; GRANT SELECT ON people TO reader; ALTER TABLE people ENABLE ROW LEVEL SECURITY;
SELECT lo_from_bytea(4711, decode(repeat('00ff10', 20000), 'hex')); SELECT lo_from_bytea(4712, '');
SELECT set_config('my.db', current_database(), false);
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path TO public, "Lager é"', current_database()); EXECUTE format('ALTER DATABASE %I SET work_mem TO ''7MB''', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO reader', current_database()); EXECUTE format('COMMENT ON DATABASE %I IS ''the shop''''s''', current_database()); END $$;
`;

const LOOK = `
SELECT * FROM people ORDER BY id; SELECT * FROM "Lager é"."odd ""t"".x" ORDER BY p; SELECT count(*) FROM nothing;
SELECT tableoid::regclass, * FROM parts ORDER BY k; SELECT * FROM grown ORDER BY 1; SELECT * FROM counted ORDER BY age;
SELECT last_value, is_called FROM numbers; SELECT double(21);
SELECT loid, pageno, md5(data) FROM pg_largeobject ORDER BY 1, 2; SELECT oid FROM pg_largeobject_metadata ORDER BY 1;
SELECT relname, relkind, pg_get_userbyid(relowner), relacl, relrowsecurity FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'Lager é')) AND relkind <> 't' ORDER BY 1;
SELECT indexdef FROM pg_indexes WHERE schemaname NOT LIKE 'pg\\_%' ORDER BY 1; SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1;
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace >= 16384 ORDER BY 1; SELECT enum_range(NULL::mood), obj_description('mood'::regtype);
SELECT pg_get_userbyid(datdba), ARRAY(SELECT a::text FROM unnest(datacl) a ORDER BY 1), pg_encoding_to_char(encoding), datcollate, datallowconn, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database();
SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1;
SHOW search_path;
`;

/** A server with the database in it. @param more over the options of the fixture. */
export async function postgresFixture(engine: TestEngine, more: Partial<ServerOptions> = {}) {
  const server = await makeServer(engine, {
    database: { type: 'postgresql', name: DATABASE, user: 'shop', passwordEnv: 'SHOP_DB_PASSWORD' },
    command: ['postgres'],
    environment: { POSTGRES_USER: 'shop', POSTGRES_PASSWORD: "it's secret", POSTGRES_DB: 'main' },
    env: { SHOP_DB_PASSWORD: "it's secret" },
    data: '/var/lib/postgresql/data',
    ready: ['pg_isready', '--quiet'],
    ...more,
  });
  const sql = (text: string, database = DATABASE, stop = 1) =>
    server.run(
      [
        'docker',
        'exec',
        '-i',
        '-e',
        'PGPASSWORD',
        server.container,
        'psql',
        '-XAtq',
        '-v',
        `ON_ERROR_STOP=${stop}`,
        '-U',
        'shop',
        '-d',
        database,
      ],
      text,
      { PGPASSWORD: "it's secret" },
    );
  sql(`CREATE DATABASE "${DATABASE.replaceAll('"', '""')}"`, 'main');
  sql(CONTENT);
  return {
    ...server,
    sql,
    fingerprint: () => sql(LOOK, DATABASE, 0),
    spoil: () =>
      sql(
        'UPDATE people SET age = 1; DROP VIEW grown; SELECT lo_unlink(4711); DROP SEQUENCE numbers CASCADE; TRUNCATE parts;',
      ),
    databases: () => sql('SELECT datname FROM pg_database ORDER BY 1', 'main').trim().split('\n'),
  };
}
