// Jobs that cron has, and those among them that dump a database: what somebody does about backups already.

export interface CronJob {
  /** Where it stands: `/etc/cron.d/shop:3`. */
  place: string;
  /** Empty in a crontab of one user. */
  user: string;
  /** As a shell gets it. */
  command: string;
}

export interface DumpJob extends CronJob {
  /** Which program dumps. */
  program: string;
  /** The line, and the script that it starts: for whose data it is. */
  text: string;
}

const DUMPS =
  /\b(pg_dump(?:all)?|pg_basebackup|mysqldump|mariadb-dump|mongodump|redis-cli(?=[^|;&\n]*--rdb)|sqlite3(?=[^|;&\n]*\.backup))\b/;
const FIELDS = /^(?:@\w+|(?:\S+[ \t]+){4}\S+)[ \t]+(.*)$/;
const SETTING = /^[ \t]*[A-Za-z_]\w*[ \t]*=/;

/** @param named where the text is from. @param hasUser a column says as whom. */
export function cronJobs(text: string, named: string, hasUser: boolean): CronJob[] {
  return text.split('\n').flatMap((line, at) => {
    if (/^[ \t]*(?:#|$)/.test(line) || SETTING.test(line)) return [];
    const rest = FIELDS.exec(line.trim())?.[1];
    const found = rest === undefined ? undefined : hasUser ? /^(\S+)[ \t]+(.*)$/.exec(rest)?.slice(1) : ['', rest];
    const [user = '', written = ''] = found ?? [];
    // An unescaped % ends the command: what follows is its input.
    const command = (/^(?:\\%|[^%])*/.exec(written)?.[0] ?? '').replaceAll('\\%', '%').trim();
    return command === '' ? [] : [{ place: `${named}:${at + 1}`, user, command }];
  });
}

/** @param script what a path of the command holds, where it is a script; else undefined. */
export function dumpJob(job: CronJob, script: (path: string) => string | undefined): DumpJob | undefined {
  const paths = job.command.match(/(?<=^|[\s;&|(])\/[^\s;&|()<>'"]+/g) ?? [];
  const texts = [job.command, ...paths.flatMap((path) => script(path) ?? [])];
  const text = texts.map((each) => each.replaceAll(/^[ \t]*#.*$/gm, '')).join('\n');
  const program = DUMPS.exec(text)?.[1];
  return program === undefined ? undefined : { ...job, program, text };
}
