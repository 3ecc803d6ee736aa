import { expect, test } from 'bun:test';
import { ReleaseError } from '../model/error.ts';
import { parseManifest } from './parse.ts';
import { withVariables } from './variables.ts';

const { manifest } = parseManifest(
  `name: wiki
containers: [{ name: wiki }]
image: { name: '\${REGISTRY}/wiki', tag: '\${WIKI_TAG:-5}' }
health: { endpoint: 'https://\${DOMAIN}/up' }
backup: { volumes: [{ bind: '\${DATA}/wiki' }] }
`,
  { file: 'f', folder: 'wiki' },
);

test('variables are filled in, and left where they are not used', () => {
  const filled = withVariables(manifest, { REGISTRY: 'localhost:5000', DOMAIN: 'wiki.test', DATA: '/srv' });
  expect(filled.image).toMatchObject({ name: 'localhost:5000/wiki', tag: '5' });
  expect(filled.health?.endpoint).toBe('https://wiki.test/up');
  expect(filled.backup.volumes).toEqual([{ bind: '/srv/wiki' }]);
});

test('what is unset and what does not fit is named, the value is not', () => {
  let error: unknown;
  try {
    withVariables(manifest, { REGISTRY: 'localhost:5000', DOMAIN: 'a b', WIKI_TAG: '-x', toString: '' });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ReleaseError);
  expect((error as ReleaseError).facts.details).toEqual([
    'backup.volumes[0].bind: DATA is not set in .env',
    `image.tag: \${WIKI_TAG:-5} does not give what this key wants with the values in .env`,
    `health.endpoint: https://\${DOMAIN}/up does not give what this key wants with the values in .env`,
  ]);
});
