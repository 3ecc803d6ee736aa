// A repository behind HTTP and a password, for tests: git's own http-backend, called as a web server would.

export interface GitServer extends AsyncDisposable {
  /** Of the folder that is served, with user name and password. */
  url(path: string): string;
  /** The same without them. */
  bare(path: string): string;
}

/**
 * @param folder what is served, for reading and pushing. @param login as an operator would type it.
 * @param onRequest called while the git that asks waits for its answer.
 */
export function serveGit(
  folder: string,
  login: { user: string; password: string },
  onRequest: () => void = () => undefined,
): GitServer {
  const wanted = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      onRequest();
      if (request.headers.get('authorization') !== wanted)
        return new Response('no', { status: 401, headers: { 'www-authenticate': 'Basic realm="git"' } });
      return await answer(folder, request, login.user);
    },
  });
  const at = (who: string, path: string) => `http://${who}127.0.0.1:${server.port}/${path}`;
  const who = `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@`;
  return {
    url: (path) => at(who, path),
    bare: (path) => at('', path),
    [Symbol.asyncDispose]: async () => await server.stop(true),
  };
}

/** As RFC 3875 has it. */
async function answer(folder: string, request: Request, user: string): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const header = (name: string) => request.headers.get(name) ?? '';
  const child = Bun.spawn(['git', 'http-backend'], {
    env: {
      PATH: process.env.PATH ?? '',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: header('git-protocol'),
      REMOTE_USER: user,
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: header('content-type'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
    },
    stdin: new Uint8Array(await request.arrayBuffer()),
    stdout: 'pipe',
    stderr: 'ignore',
  });
  const said = Buffer.from(await new Response(child.stdout).arrayBuffer());
  const end = said.indexOf('\r\n\r\n');
  const headers = new Headers();
  let status = 200;
  for (const line of said.subarray(0, end).toString().split('\r\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else headers.append(name, value);
  }
  return new Response(said.subarray(end + 4), { status, headers });
}
