import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { makeMasker, maskText, secretsOf } from './mask.ts';

describe('secretsOf', () => {
  test('takes values of keys that sound like secrets', () => {
    const env = {
      DB_PASS: 'longenough',
      API_TOKEN: 'tokentoken',
      PLAIN: 'visible-value',
      SHORT_KEY: 'five5',
      sentry_dsn: 'dsn-value',
    };
    expect(secretsOf(env)).toEqual(['longenough', 'tokentoken', 'dsn-value']);
  });

  test('takes user info of URLs in any value, as it is written and decoded', () => {
    const found = secretsOf({
      A: 'postgres://app:p%40ssw0rd@db:5432/x, redis://:hunter2!@cache',
      B: 'https://ghp_abc123@host/y',
    });
    expect(found).toContain('app:p%40ssw0rd');
    expect(found).toContain('p%40ssw0rd');
    expect(found).toContain('p@ssw0rd');
    expect(found).toContain('hunter2!');
    expect(found).toContain('ghp_abc123');
    expect(found).not.toContain('db:5432');
  });

  test('leaves URLs without user info, and bad escapes, alone', () => {
    expect(secretsOf({ A: 'https://example.org/a@b', B: 'https://u:bad%zzvalue@h' })).toEqual([
      'u:bad%zzvalue',
      'bad%zzvalue',
    ]);
  });
});

const SECRET = 'pä$$ w/o+rd"1';
const PEM = '-----BEGIN-----\nMIIEvQIBADANBg\n  indented-line\nab\n-----END-----';

describe('maskText', () => {
  const forms = {
    raw: SECRET,
    base64: Buffer.from(SECRET).toString('base64'),
    base64url: Buffer.from(SECRET).toString('base64url'),
    url: encodeURIComponent(SECRET),
    form: new URLSearchParams({ a: SECRET }).toString().slice(2),
    json: JSON.stringify(SECRET).slice(1, -1),
  };
  for (const [name, form] of Object.entries(forms)) {
    test(`hides the ${name} form`, () => {
      expect(maskText(`before ${form} after`, [SECRET])).toBe('before *** after');
    });
  }

  test('hides base64 of the secret inside a longer text, at each alignment', () => {
    for (const prefix of ['', 'a', 'ab', 'abc']) {
      const header = Buffer.from(`${prefix}${SECRET}-and-more`).toString('base64');
      const middle = Buffer.from(`abc${SECRET}`).toString('base64').slice(4, -4);
      const masked = maskText(header, [SECRET]);
      expect(masked).toContain('***');
      expect(masked).not.toContain(middle);
      expect(masked.length).toBeLessThan(header.length - 10);
    }
  });

  test('hides each long line of a secret that has several', () => {
    const masked = maskText(`x\n${PEM.replaceAll('\n', '\n> ')}\nindented-line`, [PEM]);
    for (const line of ['-----BEGIN-----', 'MIIEvQIBADANBg', 'indented-line']) expect(masked).not.toContain(line);
    expect(masked).toContain('> ab\n');
  });

  test('makes one mask of secrets that overlap or touch', () => {
    expect(maskText('abcdefghi', ['abcdef', 'defghi'])).toBe('***');
    expect(maskText('secretsecret', ['secret'])).toBe('***');
    expect(maskText('aaaaaaaaaa!', ['aaaaaa'])).toBe('***!');
  });

  test('leaves other text as it is, whatever characters the secrets have', () => {
    expect(maskText('a.c axc $& \\d', ['a.c$&*(', '(((((((', '$1$1$1$1'])).toBe('a.c axc $& \\d');
    expect(maskText('short', ['short'])).toBe('short');
  });
});

/** Pushes the text's bytes in chunks of the sizes given, again and again. */
function chunked(bytes: Uint8Array, sizes: number[], secrets: string[]): string {
  const masker = makeMasker(secrets);
  let out = '';
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    out += masker.push(bytes.subarray(at, at + size));
    at += size;
  }
  return out + masker.flush();
}

describe('streaming', () => {
  const few = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '\n', '='), minLength: 6, maxLength: 12 });
  const secret = fc.oneof(
    few,
    fc.string({ unit: 'grapheme', minLength: 6, maxLength: 20 }).filter((text) => text.length >= 6),
  );

  test('never leaks, and gives the same whatever the chunks', () => {
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 4 }),
        fc.array(fc.oneof(fc.nat(3), fc.string({ unit: 'grapheme', maxLength: 8 }), few), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom('utf8', 'base64', 'url'),
        (secrets, parts, sizes, form) => {
          const shown = (text: string) =>
            form === 'utf8' ? text : form === 'url' ? encodeURIComponent(text) : Buffer.from(text).toString('base64');
          const text = parts.map((part) => (typeof part === 'number' ? shown(secrets[part] ?? 'x') : part)).join('');
          const out = chunked(Buffer.from(text), sizes, secrets);
          for (const one of secrets) if (!one.includes('*')) expect(out).not.toContain(shown(one));
          expect(out).toBe(maskText(text, secrets));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('holds back no more than what may be a secret', () => {
    const masker = makeMasker(['sesame-open']);
    expect(masker.push('all of this, ses')).toBe('all of this, ');
    expect(masker.push('sion ')).toBe('session ');
    expect(masker.push('sesame-')).toBe('');
    expect(masker.flush()).toBe('sesame-');
    expect(masker.push('open')).toBe('open');
  });

  test('replaces what is no UTF-8, also at the end', () => {
    expect(chunked(new Uint8Array([0x61, 0xff, 0x62, 0xc3]), [1], ['secret'])).toBe('a\ufffdb\ufffd');
  });
});

test('a secret that is folded, as base64 does at 76 columns, is still one; what is not whole stays', () => {
  const secret = 'correct-horse-battery-staple';
  const folded = Buffer.from(`https://user:${secret}@example.org/`).toString('base64').replaceAll(/.{24}/g, '$&\r\n');
  expect(Buffer.from(maskText(folded, [secret]).replaceAll(/\*+/g, ''), 'base64').toString()).not.toContain('horse');
  expect(maskText('correct-\nhorse-battery\n-staple!', [secret])).toBe('***!');
  expect(maskText('correct-h\n\nrose\ncorrect-\nhorse-\n', [secret])).toBe('correct-h\n\nrose\ncorrect-\nhorse-\n');
  const masker = makeMasker([secret]);
  const shown = [...'x\ncorrect-\nhorse-battery-\nstaple\ny'].map((char) => masker.push(char)).join('');
  expect(shown + masker.flush()).toBe('x\n***\ny');
});

test.each(['C', 'C.UTF-8'])('what bash itself says of a secret, with LC_ALL=%s', (locale) => {
  const secrets = [
    'two words',
    "it's $HOME",
    'a"$(id)`b`"',
    'back\\slash\\n',
    'Ü-ß-\u{1f600}x',
    '~#!{a,b}[c]*?;|&<>^',
    PEM,
  ];
  const script = 'printf "%q\\n" "$V"; declare -p V; set -x; : "$V"; : "a $V"';
  for (const V of secrets) {
    const { stdout, stderr } = Bun.spawnSync(['bash', '-c', script], { env: { V, LC_ALL: locale } });
    const said = `${stdout}${stderr}`;
    expect(said.split('\n').length).toBeGreaterThan(3);
    const shown = maskText(said, [V]);
    const parts = V.split('\n').flatMap((line) => line.match(/[A-Za-z]{5,}/g) ?? []);
    expect(parts.filter((part) => shown.includes(part))).toEqual([]);
    expect(shown.match(/\*\*\*/g)?.length).toBeGreaterThanOrEqual(4);
  }
});

test('a secret that is coloured is still one, in any chunks', () => {
  const secret = 'correct-horse-battery';
  const text = 'x corr\x1b[1;31mect-horse\x1b[0m-bat\x1b\ntery corr\x1b[31mupt correct-horse-\x1b[0mbattery';
  for (const size of [1, 2, 7, 500])
    expect(chunked(Buffer.from(text), [size], [secret])).toBe('x *** corr\x1b[31mupt ***');
  expect(maskText(`corr\x1b[${'1'.repeat(100)}ect-horse-battery`, [secret])).toContain('ect-horse-battery');
  expect(maskText('corr\x1b[31m', [secret])).toBe('corr\x1b[31m');
});

describe('user info of URLs that nobody told of', () => {
  const cases: Array<[string, string]> = [
    ['get https://bob:s3c@git.example.org/x now', 'get https://***@git.example.org/x now'],
    ['"postgres://u:a@b:c@db:5432/x?y=z@w"', '"postgres://***@db:5432/x?y=z@w"'],
    ['https://ghp_0123456789@github.com/', 'https://***@github.com/'],
    ['redis://:pw@cache', 'redis://***@cache'],
    // No secrets: a user alone, a port, a mail address, a digest, a path.
    ['ssh://git@h/x http://h:80/a@b', 'ssh://git@h/x http://h:80/a@b'],
    ['http://h:80 bob@example.org', 'http://h:80 bob@example.org'],
    ['registry://a@sha256:00 file:///a:b@c', 'registry://a@sha256:00 file:///a:b@c'],
    ['https://bob:@h https://', 'https://bob:@h https://'],
  ];
  test.each(cases)('%s', (text, shown) => {
    for (const secrets of [[], ['something-else']]) {
      expect(maskText(text, secrets)).toBe(shown);
      for (const size of [1, 3, 7]) expect(chunked(Buffer.from(text), [size], secrets)).toBe(shown);
    }
  });

  test('beside secrets that are known, in any chunks', () => {
    const text = 'https://user:known-secret@h/known-secret https://a:b@known-secret/';
    expect(maskText(text, ['known-secret'])).toBe('https://***@h/*** https://***@***/');
    for (const size of [1, 2, 5, 11])
      expect(chunked(Buffer.from(text), [size], ['known-secret'])).toBe('https://***@h/*** https://***@***/');
  });

  test('what never becomes user info is held back for no longer than that could be one', () => {
    const masker = makeMasker([]);
    expect(masker.push('see http://host:80')).toBe('see http://');
    expect(masker.push('/x')).toBe('host:80/x');
    expect(masker.push(`http://${'x'.repeat(5_000)}`)).toHaveLength(5_007);
  });
});
