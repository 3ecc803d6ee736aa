// What is asked of PostgreSQL, in words that every supported version (10 and later) understands.

const OWN = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
  AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.objid = c.oid AND x.classid = 'pg_class'::regclass AND x.deptype = 'e')`;

/** One JSON object. */
export const DESCRIBE = `SELECT json_build_object('database', current_database(), 'version', current_setting('server_version'),
  'bytes', pg_database_size(current_database()), 'data', (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
  'others', (SELECT count(*) FROM pg_database WHERE NOT datistemplate AND datname NOT IN (current_database(), 'postgres') AND datname NOT LIKE '%asd\\_%'));`;

/** A JSON line a table: its name and its rows; then one with how many there are of everything else. Tables of extensions are not counted, since a dump has only some of them. */
export const COUNT = `SET row_security = off;
SELECT format('SELECT json_build_array(%L, count(*)) FROM ONLY %I.%I', format('%I.%I', n.nspname, c.relname), n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND ${OWN} ORDER BY 1 \\gexec
SELECT json_build_object('largeObjects', (SELECT count(*) FROM pg_largeobject_metadata),
  'extensions', (SELECT count(*) FROM pg_extension), 'functions', (SELECT count(*) FROM pg_proc c JOIN pg_namespace n ON n.oid = c.pronamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_temp%'),
  'triggers', (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal),
  'sequences', count(*) FILTER (WHERE c.relkind = 'S'), 'views', count(*) FILTER (WHERE c.relkind IN ('v', 'm')),
  'indexes', count(*) FILTER (WHERE c.relkind IN ('i', 'I')))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relpersistence <> 't' AND ${OWN};`;

/** How a database like this one is made, as psql input with the name as variable \`db\`. Columns differ between versions, so they are read as JSON. */
export const CREATE = `SELECT concat_ws(' ', 'CREATE DATABASE :"db" TEMPLATE template0 ENCODING', quote_literal(pg_encoding_to_char((j->>'encoding')::int)),
    CASE j->>'datlocprovider' WHEN 'i' THEN 'LOCALE_PROVIDER icu ICU_LOCALE ' || quote_literal(coalesce(j->>'datlocale', j->>'daticulocale'))
      WHEN 'b' THEN 'LOCALE_PROVIDER builtin BUILTIN_LOCALE ' || quote_literal(j->>'datlocale') WHEN 'c' THEN 'LOCALE_PROVIDER libc' END,
    'LC_COLLATE', quote_literal(j->>'datcollate'), 'LC_CTYPE', quote_literal(j->>'datctype')) || ';'
  FROM (SELECT to_jsonb(d) AS j FROM pg_database d WHERE datname = current_database()) found;`;

const LISTS = `('local_preload_libraries', 'search_path', 'session_preload_libraries', 'shared_preload_libraries', 'temp_tablespaces')`;

/** Owner, rights, settings and comment of the database, which pg_dump leaves out; in the same form. */
export const PROPERTIES = `SELECT format('ALTER DATABASE :"db" OWNER TO %I;', pg_get_userbyid(datdba)) FROM pg_database WHERE datname = current_database();
SELECT 'REVOKE ALL ON DATABASE :"db" FROM PUBLIC;' FROM pg_database WHERE datname = current_database() AND datacl IS NOT NULL;
SELECT format('GRANT %s ON DATABASE :"db" TO %s%s;', a.privilege_type, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = current_database() AND d.datacl IS NOT NULL;
SELECT format(CASE WHEN s.setrole = 0 THEN 'ALTER DATABASE :"db" SET %2$I TO %3$s;' ELSE 'ALTER ROLE %1$I IN DATABASE :"db" SET %2$I TO %3$s;' END,
    pg_get_userbyid(s.setrole), split_part(c, '=', 1),
    CASE WHEN split_part(c, '=', 1) IN ${LISTS} THEN substr(c, strpos(c, '=') + 1) ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END)
  FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c WHERE d.datname = current_database();
SELECT format('ALTER DATABASE :"db" CONNECTION LIMIT %s;', datconnlimit) FROM pg_database WHERE datname = current_database() AND datconnlimit <> -1;
SELECT format('COMMENT ON DATABASE :"db" IS %L;', t) FROM (SELECT shobj_description(oid, 'pg_database') AS t FROM pg_database WHERE datname = current_database()) c WHERE t IS NOT NULL;`;

/** Ends the sessions of the database \`:'db'\`. */
export const END_SESSIONS = `SELECT FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'db' AND pid <> pg_backend_pid()) ended WHERE false;`;
