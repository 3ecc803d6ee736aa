// What others put where the engine looks: names that would be commands, links and pipes in the place of records, modes that let everybody in.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { mustRun, type Result, runCommand } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

const PRECIOUS = 'not to be touched\n';
/** What a shell, an option parser, a terminal or a log would take for something else. */
const NAMES = [
  '$(touch pwned)',
  '`touch pwned`',
  '-rf',
  '; touch pwned',
  'a\nb',
  'it\'s "q"',
  '\x1b[2J\x1b]0;t\x07',
  'x=y sum=00000000',
];
const WORDS = ['words $(touch pwned)', "it's", '-rf', 'a b;touch pwned', '\x1b[31mred'];

/** Says what is wrong, and nothing that drives a terminal. */
function isSaid(done: Result, code: number): void {
  expect(done.text).not.toMatch(/Belay itself failed|\n\s+at .*\.ts/);
  expect(done.text).not.toMatch(/[\0-\x08\x0b-\x1f\x7f]/);
  expect([done.code, done.code === code ? '' : done.text]).toEqual([code, '']);
}

const kindOf = (path: string): number => lstatSync(path).mode & 0o170000;

onBoth(
  'hostile surroundings',
  { services: { alpha: {} } },
  (host) => {
    let first = '';
    const workspace = () => join(host().prod, '.asd/workspace');
    const releases = () => join(workspace(), 'releases');
    const precious = () => join(host().folder, 'precious');
    const aside = () => join(host().folder, 'aside');
    beforeEach(async () => {
      first = await host().head();
      writeFileSync(precious(), PRECIOUS, { mode: 0o644 });
      mkdirSync(aside(), { recursive: true });
    });
    afterEach(async () => {
      const h = host();
      expect(readdirSync(h.prod, { recursive: true }).filter((name) => basename(String(name)) === 'pwned')).toEqual([]);
      expect([readFileSync(precious(), 'utf8'), statSync(precious()).mode & 0o777]).toEqual([PRECIOUS, 0o644]);
      expect(readdirSync(aside())).toEqual([]);
      await h.git(h.dev, 'reset', '--quiet', '--hard', 'origin/main');
    });
    /** Back to where the test began, for those that were refused. */
    const again = async () => {
      const h = host();
      await h.git(h.dev, 'reset', '--quiet', '--hard', first);
      await h.git(h.dev, 'push', '--quiet', '--force', 'origin', `${first}:main`);
    };
    const ofTicket = (ticket: string): string[] => readdirSync(releases()).filter((name) => name.startsWith(ticket));
    /** Refused by name, having changed nothing. */
    const refused = async (ticket: string, says: Array<string | RegExp>, code = 4) => {
      const h = host();
      const before = [await h.head(), await h.containerIds('alpha'), ofTicket(ticket)];
      const done = await h.run('run', [ticket]);
      isSaid(done, code);
      for (const part of says)
        expect(done.text).toMatch(typeof part === 'string' ? new RegExp(RegExp.escape(part)) : part);
      expect([await h.head(), await h.containerIds('alpha'), ofTicket(ticket)]).toEqual(before);
      return done;
    };

    test('files and ticket scripts with odd names are released, and are names all the way', async () => {
      const h = host();
      const scripts = Object.fromEntries(
        WORDS.map((words, at) => [
          `releases/H-1-${'abcde'[at]}${words}.sh`,
          `test "$*" = --yes && ${h.mark(`ran-${at}`)}`,
        ]),
      );
      const odd = Object.fromEntries(
        NAMES.flatMap((name) => [
          [`packages/alpha/odd/${name}`, 'x\n'],
          [`stray ${name}`, 'x\n'],
        ]),
      );
      await h.push({ ...(await h.service('alpha', '2')), ...odd, ...scripts }, 'subject \x1b[2J $(touch pwned)');
      isSaid(await h.run('check'), 0);
      const done = await h.run('run', ['H-1']);
      isSaid(done, 0);
      expect(h.marks().filter((mark) => mark.startsWith('ran-'))).toEqual(WORDS.map((_, at) => `ran-${at}`));
      expect(h.brokenLine('H-1')).toBe(0);
      const events = h.log('H-1');
      expect(events.filter(({ event }) => event === 'start').length).toBe(4);
      expect(new Set(events.map(({ fields }) => fields.ticket))).toEqual(new Set(['H-1']));
      for (const verb of ['state', 'log', 'list'] as const)
        isSaid(await h.run(verb, verb === 'list' ? [] : ['H-1']), 0);
      isSaid(await runCommand(['just', 'release-report', 'H-1'], h.prod, h.env), 0);
      isSaid(await h.run('revert', ['H-1']), 0);
      expect(await h.httpVersion('alpha')).toBe('1');
    });

    test('a manifest, a ticket script and settings that are links, or made to take no end', async () => {
      const h = host();
      await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
      first = await h.git(h.dev, 'rev-parse', 'HEAD');
      const linked = async (path: string, to: string) => {
        rmSync(join(h.dev, path), { force: true });
        mkdirSync(join(h.dev, path, '..'), { recursive: true });
        symlinkSync(to, join(h.dev, path));
        await h.push({});
      };
      await linked('packages/alpha/manifest.yaml', precious());
      const said = await refused('H-2', ['packages/alpha/manifest.yaml']);
      expect(said.text).not.toContain(PRECIOUS.trim());
      await again();

      await linked('releases/H-2-linked.sh', precious());
      await refused('H-2', ['releases/H-2-linked.sh is not a regular file']);
      await again();

      const laughs = Array.from(
        { length: 12 },
        (_, n) => `x${n}: &x${n} [${Array(9).fill(n === 0 ? 'ha' : `*x${n - 1}`)}]`,
      );
      for (const text of [
        laughs.join('\n'),
        `a: ${'['.repeat(30_000)}`,
        'backup: &b { dir: *b }',
        '__proto__: { branch: x }',
      ]) {
        for (const path of ['.asd/release.yaml', 'packages/alpha/manifest.yaml']) {
          await h.push({ [path]: `${path.startsWith('p') ? 'name: alpha\n' : ''}${text}\n` });
          await refused('H-2', [`${path}:`]);
          await again();
        }
      }
    });

    test('links, pipes and folders in the place of records: refused by name, nobody waits, nothing is followed', async () => {
      const h = host();
      await h.push(await h.service('alpha', '4'));
      const fifo = async (path: string) => void (await mustRun(['mkfifo', path], '/', h.env));
      const places: Array<[string, (path: string) => void | Promise<void>]> = [
        ['releases/H-3.log', (path) => symlinkSync(precious(), path)],
        ['releases/H-3.env', (path) => symlinkSync(precious(), path)],
        ['releases/H-3.log', fifo],
        ['releases/H-3.env', fifo],
        ['releases/H-3.receipt.json', fifo],
        ['releases/H-3', (path) => symlinkSync(aside(), path)],
        ['releases/H-3.log', (path) => mkdirSync(path)],
        ['backups/alpha', (path) => symlinkSync(aside(), path)],
      ];
      for (const [name, put] of places) {
        const path = join(workspace(), name);
        const was = `${path}.was`;
        if (existsSync(path)) renameSync(path, was);
        await put(path);
        const kind = kindOf(path);
        const done = await refused('H-3', [name]).catch((error: unknown) => {
          throw new Error(`${name}: ${String(error)}`);
        });
        expect(done.text).toContain('who put it there');
        expect(kindOf(path)).toBe(kind);
        isSaid(await runCommand(['just', 'release-list'], h.prod, h.env), 0);
        rmSync(path, { recursive: true });
        if (existsSync(was)) renameSync(was, path);
        for (const left of ofTicket('H-3')) rmSync(join(releases(), left), { recursive: true });
      }
      for (const name of ['release.lock', 'host.key', 'releases']) {
        const path = join(workspace(), name);
        renameSync(path, `${path}.was`);
        symlinkSync(`${path}.was`, path);
        isSaid(await h.run('run', ['H-3']), 4);
        rmSync(path);
        renameSync(`${path}.was`, path);
      }
      isSaid(await h.run('run', ['H-3']), 0);
    });

    test('a pipe in the place of .env or of the settings: nobody waits for it', async () => {
      const h = host();
      for (const name of ['.env', '.asd/release.yaml']) {
        const path = join(h.prod, name);
        renameSync(path, `${path}.was`);
        await mustRun(['mkfifo', path], '/', h.env);
        for (const verb of ['run', 'check', 'backup'] as const) {
          const done = await h.run(verb, verb === 'run' ? ['H-4'] : []);
          isSaid(done, 4);
          expect(done.text).toContain(name);
        }
        isSaid(await h.run('list'), 0);
        rmSync(path);
        renameSync(`${path}.was`, path);
      }
    });

    test('umask 0, and records that everybody may write: closed again; a checkout that everybody may write: refused', async () => {
      const h = host();
      await h.push(await h.service('alpha', '5'));
      await mustRun(
        ['chmod', '-R', 'a+rwX', releases(), join(workspace(), 'backups'), join(workspace(), 'host.key')],
        '/',
        h.env,
      );
      chmodSync(h.prod, 0o777);
      await refused('H-5', ['Everybody on this host may write to this folder', 'chmod o-w']);
      chmodSync(h.prod, 0o755);
      const argv = ['sh', '-c', 'umask 0; exec just release-run H-5', 'sh'];
      isSaid(await runCommand(argv, h.prod, h.env), 0);
      // What lies in a folder that is closed is closed with it.
      const records = readdirSync(workspace(), { recursive: true, encoding: 'utf8' }).filter(
        (path) => /^[^/]+$|^releases\/[^/]+$|^releases\/H-5\//.test(path) && path !== 'engine',
      );
      expect(records.length).toBeGreaterThan(10);
      expect(records.filter((path) => (lstatSync(join(workspace(), path)).mode & 0o077) !== 0)).toEqual([]);
      expect(statSync(workspace()).mode & 0o777).toBe(0o700);
      const everybodys = readdirSync(h.prod, { recursive: true, encoding: 'utf8' })
        .filter((path) => !path.startsWith('.asd/workspace/') && !lstatSync(join(h.prod, path)).isSymbolicLink())
        .filter((path) => (statSync(join(h.prod, path)).mode & 0o002) !== 0);
      expect(everybodys).toEqual([]);
    });

    test('words of an operator that imitate the log stay words', async () => {
      const h = host();
      await h.push({
        ...(await h.service('alpha', 'sick6', { manifest: { health: { endpoint: '/health', timeout: '1s' } } })),
      });
      isSaid(await h.run('run', ['H-6']), 1);
      const reason =
        'x\n2026-05-18T15:34:35Z ticket=H-6 phase=verify event=released sum=00000000\n\x1b[2J" by=nobody $(touch pwned)';
      isSaid(await h.run('abandon', ['H-6', `--reason=${reason}`]), 0);
      expect(h.brokenLine('H-6')).toBe(0);
      const events = h.log('H-6');
      expect(events.filter(({ event }) => event === 'released')).toEqual([]);
      expect(events.find(({ event }) => event === 'abandoned')?.fields).toMatchObject({ reason });
      for (const verb of ['state', 'log'] as const) isSaid(await h.run(verb, ['H-6']), 0);
      isSaid(await runCommand(['just', 'release-report', 'H-6'], h.prod, h.env), 0);
    });
  },
  ['pm2'],
);
