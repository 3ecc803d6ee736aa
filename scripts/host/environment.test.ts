import { expect, test } from 'bun:test';
import { cleanEnvironment } from './environment.ts';

test('keeps what children need and drops what steers tools', () => {
  const kept = {
    HOME: '/root',
    USER: 'root',
    LC_ALL: 'C.UTF-8',
    DOCKER_HOST: 'unix:///x',
    TMPDIR: '/t',
    PM2_HOME: '/p',
  };
  const dropped = {
    NODE_OPTIONS: 'x',
    BUN_OPTIONS: 'x',
    LD_PRELOAD: 'x',
    GIT_DIR: 'x',
    COMPOSE_FILE: 'x',
    BASH_ENV: 'x',
    NODE_PATH: 'x',
  };
  expect(cleanEnvironment({ ...kept, ...dropped, PATH: '/usr/bin', TERM: 'xterm' })).toEqual({
    ...kept,
    TERM: 'dumb',
    PATH: '/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin',
  });
});

test('PATH has the usual folders once, and no relative one', () => {
  expect(cleanEnvironment({ PATH: '/opt/x:.::bin:/bin' }).PATH).toBe(
    '/opt/x:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin',
  );
  expect(cleanEnvironment({}).PATH).toBe('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
});

test('what is extra counts most', () => {
  expect(cleanEnvironment({ HOME: '/root' }, { HOME: '/elsewhere', GIT_DIR: '/g' })).toMatchObject({
    HOME: '/elsewhere',
    GIT_DIR: '/g',
  });
});
