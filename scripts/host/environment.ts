// The environment that children get: what they need of ours, and nothing that steers git, compose, node or the loader.

const KEPT = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'TMPDIR',
  'TZ',
  'SSH_AUTH_SOCK',
  'PM2_HOME',
  'XDG_RUNTIME_DIR',
]);
const KEPT_PREFIXES = ['LC_', 'DOCKER_'];
const USUAL_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The folders of PATH that are absolute, and the usual ones after them: a command over ssh may come without the PATH of a login. */
function fullPath(path: string): string {
  const given = path.split(':').filter((folder) => folder.startsWith('/'));
  return [...new Set([...given, ...USUAL_PATH])].join(':');
}

/** @param machineEnv what we were started with. @param extra goes on top, as it is. */
export function cleanEnvironment(
  machineEnv: Readonly<Record<string, string>>,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const kept = Object.entries(machineEnv).filter(
    ([key]) => KEPT.has(key) || KEPT_PREFIXES.some((prefix) => key.startsWith(prefix)),
  );
  return { ...Object.fromEntries(kept), PATH: fullPath(machineEnv.PATH ?? ''), TERM: 'dumb', ...extra };
}
