// A registry of one image that lets in who knows the password: as much of the protocol as Docker needs to log in and look.
export function lockedRegistry({ user, password }: { user: string; password: string }): {
  address: string;
  stop(): Promise<void>;
} {
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const config = {
    mediaType: 'application/vnd.docker.container.image.v1+json',
    size: 2,
    digest: `sha256:${'b'.repeat(64)}`,
  };
  const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
  const digest = `sha256:${new Bun.CryptoHasher('sha256').update(manifest).digest('hex')}`;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      if (request.headers.get('authorization') !== wanted)
        return new Response('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}', {
          status: 401,
          headers: { 'www-authenticate': 'Basic realm="locked"' },
        });
      if (request.url.includes('/blobs/')) return new Response('{}');
      return new Response(request.url.endsWith('/v2/') ? '{}' : manifest, {
        headers: { 'content-type': mediaType, 'docker-content-digest': digest },
      });
    },
  });
  return { address: `127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}
