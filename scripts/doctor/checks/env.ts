// `.env` against what is asked of it: the keys of every tpl.env, the variables of compose files that have no default, the addresses of
// webhooks.
import { join } from 'node:path';
import { parse } from 'dotenv';
import { neededVariables } from '../../runtimes/compose/needed-variables.ts';
import { type Check, type Finding, fail, pass, warn } from '../check.ts';
import type { Patient } from '../patient.ts';
import { askVariable, setVariable } from '../variable.ts';

export const env: Check = {
  id: 'env',
  look(at) {
    const wanted = new Map<string, { from: string; value: string | undefined }>();
    for (const { file, keys } of templates(at)) {
      for (const [name, value] of Object.entries(keys)) if (!wanted.has(name)) wanted.set(name, { from: file, value });
    }
    for (const service of at.services.filter(({ runtime }) => runtime === 'compose')) {
      for (const name of neededVariables(at.runtime(), service))
        if (!wanted.has(name)) wanted.set(name, { from: `the compose file of ${service.name}`, value: undefined });
    }
    for (const { url } of at.config.notify ?? [])
      if (typeof url !== 'string' && !wanted.has(url.env))
        wanted.set(url.env, { from: 'notify in .asd/release.yaml', value: undefined });
    const findings = [...wanted].flatMap(([name, { from, value }]) => judged(at, name, from, value));
    return findings.length > 0 ? findings : [pass(`${wanted.size} names asked for, all in .env`)];
  },
};

/** @param value as a template has it; undefined where nobody says one. */
function judged({ env: own }: Patient, name: string, from: string, value: string | undefined): Finding[] {
  const given = value === undefined ? askVariable(name) : setVariable(name, value, `as in ${from}`);
  if (own[name] === undefined) return [fail(`.env has no ${name}, which ${from} asks for`, given)];
  return own[name] === '' && value !== undefined && value !== ''
    ? [warn(`${name} is empty in .env; ${from} has a value for it`, given)]
    : [];
}

/** tpl.env of the repository, and of each service that was asked for. */
function templates({ host, paths, services }: Patient): Array<{ file: string; keys: Record<string, string> }> {
  const places = ['tpl.env', ...services.map(({ name }) => `packages/${name}/tpl.env`)];
  return places.flatMap((file) => {
    const text = host.files.readText(join(paths.root, file), { follow: true });
    return text === undefined ? [] : [{ file, keys: parse(text) }];
  });
}
