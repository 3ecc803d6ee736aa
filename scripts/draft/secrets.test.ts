import { expect, test } from 'bun:test';
import { secretsIn } from './secrets.ts';

const of = (text: string) => secretsIn(text).map(({ line, name }) => `${line} ${name}`);

test('secrets in maps, lists, labels, commands and addresses are pointed at by line and name', () => {
  const found = of(`services:
  app:
    image: x:1
    environment:
      DB_PASSWORD: hunter2222
      DATABASE_URL: postgres://app:hunter2222@db/app
      NOT_ONE: hello
    labels:
      - traefik.http.middlewares.auth.basicauth.users=admin:$$apr1$$H6uskkkW$$IgXLP6ewTrSuBkTrqE8wj/
    build: { context: ., args: [NPM_TOKEN=abcdefgh] }
  cache:
    image: redis
    command: ["redis-server", "--requirepass", "hunter2222"]
  other:
    command: redis-server --requirepass hunter2222
    environment:
      - API_KEY=\${API_KEY:-a-default-key}
`);
  expect(found).toEqual([
    '5 DB_PASSWORD',
    '6 DATABASE_URL',
    '9 traefik.http.middlewares.auth.basicauth.users',
    '10 NPM_TOKEN',
    '13 requirepass',
    '15 requirepass',
    '17 API_KEY',
  ]);
});

test('variables, files, switches and names of places are none', () => {
  expect(
    of(`services:
  app:
    environment:
      DB_PASSWORD: \${DB_PASSWORD}
      OTHER_PASSWORD: \${OTHER_PASSWORD:?}
      PASSWORD_FILE: /run/secrets/password
      SECRET_PATH: relative/path/to-it
      USE_TOKEN: "true"
      KEY_TTL: 3600000
      TOKEN_URL: https://example.org/token
      URL: postgres://app:\${DB_PASSWORD}@db/app
      $KEYED: short
    secrets: [db_password]
    volumes: [secret-data:/data]
secrets: { db_password: { file: ./password.txt } }
`),
  ).toEqual([]);
  expect(of('services: [')).toEqual([]);
});
