// A cron job that dumps a project's database already, as its backup command.
import { soundsSecret } from '../host/mask.ts';
import type { DumpJob } from './cron.ts';
import type { Project } from './projects.ts';

export interface CommandDraft {
  backup: string[];
  why: string;
}

/** What a job's text must name to be about a project: a container, its folder, something that it mounts. */
export function isAbout({ text }: DumpJob, project: Project): boolean {
  const mounted = project.containers.flatMap(({ mounts }) => mounts.map(({ source }) => source));
  const names = [...project.containers.map(({ name }) => name), project.folder, ...mounted];
  const asProject = new RegExp(`(?:-p|--project-name)[ =]${RegExp.escape(project.name)}(?![\\w.-])`);
  return names.some((name) => name.length > 1 && mentions(text, name)) || asProject.test(text);
}

const mentions = (text: string, name: string): boolean =>
  new RegExp(`(?<![\\w.-])${RegExp.escape(name)}(?![\\w.-])`).test(text);

const OUTPUT = /(?:>{1,2}|--file[= ]|--result-file[= ]|--rdb[ =]|\.backup[ ]+|(?<=\s)-f[ ]?)[ ]*["'\\]*(\/[\w./+@-]*)/g;
const NO_DUMP = /^\/(?:dev|proc|sys)\/|\.log$|^\/var\/log\//;

/** The folder that it writes to, as far as its name does not change with the day. */
function outputFolder(text: string): string | undefined {
  const [path] = [...text.matchAll(OUTPUT)].map(([, found = '']) => found).filter((found) => !NO_DUMP.test(found));
  if (path === undefined) return undefined;
  const folder = path.slice(0, path.lastIndexOf('/'));
  return folder === '' || folder === '/tmp' ? undefined : folder;
}

const SECRET =
  /(?:\b(\w+)=(?!["']?\$)["']?[^\s"']+)|(?:--password[= ](?!["']?\$)\S+)|(?:\b(?:mysqldump|mariadb-dump)\b.*\s-p(?!["']?\$)\S+)|(?::\/\/[^\s/]*:[^\s/$]+@)/g;

/** Its line would go into git with the manifest. */
const holdsSecret = (line: string): boolean =>
  [...line.matchAll(SECRET)].some(([, name]) => name === undefined || soundsSecret(name));

/** @returns the command, or why there is none. */
export function commandOf(job: DumpJob): CommandDraft | { note: string } {
  const { place, program, command } = job;
  const says = `the cron job in ${place} dumps with ${program}`;
  if (holdsSecret(command))
    return {
      note: `${says}; a secret is in its line, so it is not copied: put the line into a script, then name that`,
    };
  const folder = outputFolder(job.text);
  if (folder === undefined)
    return { note: `${says}, and where to is not clear: as backup.command it has to write into $ASD_BACKUP_DIR` };
  // It runs as it always did; what it wrote is copied.
  const script = [
    'mark=$(mktemp) && touch -d "1 second ago" "$mark" || exit 1',
    'cd "$HOME" || exit 1',
    '{',
    command,
    '} </dev/null || exit 1',
    `find ${folder} -type f -newer "$mark" -exec cp -p -t "$ASD_BACKUP_DIR" {} +`,
    'code=$?; rm -f "$mark"; exit $code',
  ].join('\n');
  const as = job.user === '' || job.user === 'root' ? '' : `, as ${job.user}`;
  return { backup: ['sh', '-c', script], why: `${says} already${as}; what it writes to ${folder} is copied` };
}
