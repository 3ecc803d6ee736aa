// Release, write data, revert: an independent look at five services with every kind of backup finds nothing that is not as before, except the
// revert commit; and that look is able to find what is not.
import { expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importDatabases } from '../../scripts/dev/engine/databases.ts';
import { differences } from '../../scripts/dev/proof/compare.ts';
import { type ProofSpec, takeProof } from '../../scripts/dev/proof/proof.ts';
import { mustRun } from './harness/process.ts';
import { docker, onBoth } from './harness/runtimes.ts';
import { ALL, FIVE, fill, plants, specOf, write } from './proof/five-services.ts';

if (docker !== undefined) await importDatabases(docker);
const MINUTES = 60_000;
const PROOF = join(import.meta.dir, '..', '..', 'scripts', 'dev', 'proof.ts');

onBoth(
  'proof of a way back',
  FIVE,
  (host) => {
    /** What neither the release nor the users of this test change. */
    const unchanged = (name: string) => /^(volumes|networks|volume .*(gamma|delta)_files)$/.test(name);
    let before: Record<string, string[]>;

    test(
      'the proof is the same twice, and finds whatever is planted',
      async () => {
        const h = host();
        await fill(h);
        const spec = await specOf(h);
        before = await takeProof(spec);
        expect(differences(before, await takeProof(spec))).toEqual([]);
        for (const { section, make, undo } of await plants(h)) {
          const bash = (script: string) => {
            const done = Bun.spawnSync(['bash', '-euc', script], { env: h.env });
            if (done.exitCode !== 0) throw new Error(`${script}: ${done.stderr}`);
          };
          // A paused service does not answer; databases are dumped only where one of them is planted in.
          const dumped = section.startsWith('database ');
          const looked: ProofSpec = { ...spec, urls: [], databases: dumped ? spec.databases : {} };
          const left = Object.entries(before).filter(
            ([name]) => name !== 'answers' && (dumped || !name.startsWith('database ')),
          );
          bash(make);
          const found = differences({ ...Object.fromEntries(left), answers: [] }, await takeProof(looked));
          bash(undo);
          expect(found.length, make).toBeGreaterThan(0);
          expect(
            found.every((line) => line.startsWith(`${section}: `)),
            `${make}: ${found.join('\n')}`,
          ).toBe(true);
        }
        expect(differences(before, await takeProof(spec))).toEqual([]);
      },
      3 * MINUTES,
    );

    test(
      'released, written to, reverted: no difference but the revert commit',
      async () => {
        const h = host();
        const base = await h.head();
        const spec = await specOf(h);
        writeFileSync(join(h.folder, 'spec.json'), JSON.stringify(spec));
        /** By the program, which knows nothing of us but a file. */
        const prove = (how: string) =>
          mustRun(
            [process.execPath, PROOF, join(h.folder, 'spec.json'), how, join(h.folder, 'before.json')],
            h.folder,
            h.env,
          );
        await prove('--save');

        const config = `import { appendFileSync } from 'node:fs';\nappendFileSync(process.env.ASD_ROOT + '/.env', 'ADDED_BY_RELEASE=1\\n');\n`;
        const files = await Promise.all(
          ALL.map((service) =>
            h.service(service, '2', service === 'alpha' ? { files: { 'scripts/ensure-config.ts': config } } : {}),
          ),
        );
        const merge = await h.push(Object.assign({}, ...files));
        const ran = await h.run('run', ['PROOF-1']);
        expect(ran.text).toContain('Released PROOF-1');
        expect(ran.code).toBe(0);
        await write(h);
        const between = differences(before, await takeProof(spec));
        for (const section of Object.keys(before).filter((name) => !unchanged(name)))
          expect(
            between.some((line) => line.startsWith(`${section}: `)),
            section,
          ).toBe(true);

        const done = await h.run('revert', ['PROOF-1']);
        expect(done.text).toContain('Reverted PROOF-1');
        expect(done.text).toContain('Compared with before the release: no difference');
        expect(done.code).toBe(0);
        expect(differences(before, await takeProof(spec))).toEqual([]);
        expect(await prove('--against')).toContain('No difference, except the revert commit.');
        const log = (await h.git(h.prod, 'log', '--format=%H %s', `${base}..HEAD`)).split('\n');
        expect(log).toHaveLength(2);
        expect(log[0]).toContain('Revert "change"');
        expect(log[1]).toBe(`${merge} change`);

        // What users wrote is in the backup that the revert took before.
        expect(Object.values(h.receipt('PROOF-1')?.services ?? {}).every((service) => service.undo !== undefined)).toBe(
          true,
        );
      },
      4 * MINUTES,
    );
  },
  ['compose'],
);
