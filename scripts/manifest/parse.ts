// A manifest's text -> the checked ServiceManifest: schema, normalise, rules; all problems at once.
import { remembering } from '../model/remember.ts';
import type { ServiceManifest } from '../model/service.ts';
import type { YamlFile } from './document.ts';
import { readFile } from './file.ts';
import { normalise } from './normalise.ts';
import { type Problem, pathText, problemLine, refuseProblems } from './problems.ts';
import { applyRules, notices } from './rules.ts';
import { type ReadSections, sections } from './schema.ts';
import { readShape } from './sections.ts';
import { nearest } from './suggest.ts';

export interface ManifestPlace {
  /** The file as operators know it: relative to the repository. */
  file: string;
  /** The name of the folder below packages/. */
  folder: string;
}

export interface CheckedManifest {
  manifest: ServiceManifest;
  /** Things that are accepted, and that an operator should see; each begins with the file. */
  notices: string[];
}

const isRead = (key: string) => Object.hasOwn(sections, key);

/** @throws refused, its details listing all problems of the file with line and column. */
export function parseManifest(text: string, where: ManifestPlace): CheckedManifest {
  const { problems, ...checked } = checkManifest(text, where);
  if (problems.length > 0) throw refuseProblems(problems);
  return checked;
}

/** Many at once, in the order given. @throws refused, its details listing the problems of all files. */
export function parseManifests(entries: ReadonlyArray<{ text: string; where: ManifestPlace }>): {
  manifests: ServiceManifest[];
  notices: string[];
} {
  const checked = entries.map(({ text, where }) => checkManifest(text, where));
  const problems = checked.flatMap((one) => one.problems);
  if (problems.length > 0) throw refuseProblems(problems);
  return { manifests: checked.map(({ manifest }) => manifest), notices: checked.flatMap(({ notices }) => notices) };
}

type Checked = CheckedManifest & { problems: Problem[] };

/** Does not throw for what is wrong with the text: the manifest counts only where there are no problems. */
export function checkManifest(text: string, where: ManifestPlace): Checked {
  return readFile({ text, file: where.file, isRead }, (yaml) => check(yaml, where));
}

function check(yaml: YamlFile, { file, folder }: ManifestPlace): Checked {
  const problems = [...yaml.problems];
  const { value } = yaml;
  if (value === undefined) return { manifest: normalise({}), notices: [], problems };

  const read: ReadSections = {};
  const broken = new Set<string>();
  for (const [name, schema] of Object.entries(sections)) {
    const result = readShape<unknown>(schema, value[name], yaml, [name]);
    if ('data' in result) Object.assign(read, { [name]: result.data });
    else {
      broken.add(name);
      problems.push(...result.problems);
    }
  }

  const manifest = normalise(read);
  const subject = { manifest, read, folder };
  for (const { path, what, suggestion } of applyRules(subject, broken)) {
    problems.push(yaml.problem(path, what, suggestion === undefined ? {} : { suggestion }));
  }
  const foreign = Object.keys(value).filter((key) => !isRead(key));
  const misspelt = foreign.flatMap((key) => {
    const suggestion = nearestSection(key);
    return suggestion === undefined
      ? []
      : [yaml.problem([key], 'is not a key of this engine', { suggestion, atKey: true })];
  });
  // Accepted as another tool's in a sound file; in one that is refused it may well be the reason.
  if (problems.length > 0) return { manifest, notices: [], problems: unique([...problems, ...misspelt]) };
  const said = notices(subject).map((notice) => `${file}: ${notice}`);
  if (foreign.length > 0) said.unshift(`${file}: keys that are not read here: ${foreign.map(keyText).join(', ')}`);
  return { manifest, notices: [...said, ...misspelt.map(problemLine)], problems };
}

const SECTIONS = Object.keys(sections);
/** Packages of one repository have the same keys of other tools. */
const nearestSection = remembering(1000, (key) => nearest(key, SECTIONS));

const keyText = (key: string) => pathText([key.slice(0, 80)]);

/** What is wrong in the syntax of a value (a tag, a control character) makes the value missing, too: the first problem of a place is enough. */
function unique(problems: Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ line, column, path }) => {
    const place = `${line}:${column}:${path}`;
    return !seen.has(place) && seen.add(place);
  });
}
