// The files that a Redis server starts from, and the scripts that put others in their place. They run in a container that mounts the data.
import type { BackupFile } from '../kind.ts';

/** Words for the scripts: folder, RDB file, folder of the append-only files (Redis 7), append-only file, `yes` where it is used, 7 or less. */
export function words(facts: BackupFile['facts'], stamp: string): string[] {
  const text = (name: string, otherwise: string) => String(facts[name] || otherwise);
  return [
    text('dir', '/data'),
    text('dbfilename', 'dump.rdb'),
    text('appenddirname', 'appendonlydir'),
    text('appendfilename', 'appendonly.aof'),
    text('appendonly', 'no'),
    String(Number.parseInt(text('server', '7'), 10)),
    stamp,
  ];
}

const BEGIN =
  'dir=$1 rdb=$2 aofdir=$3 aof=$4 used=$5 major=$6 stamp=$7; cd -- "$dir"; load=asd-load-$stamp new=asd-new-$stamp old=asd-old-$stamp';
const MOVE = 'move() { for f in "$rdb" "$aofdir" "$aof"; do if [ -e "$1/$f" ]; then mv -- "$1/$f" "$2/"; fi; done; }';
const script = (...lines: string[]): string => [BEGIN, MOVE, ...lines].join('\n');

/**
 * The RDB comes by standard input. Where the append-only file is used, the server reads nothing else: the RDB is its base then.
 * Staged is what has its final name.
 */
export const STAGE = script(
  'if [ -e "$new" ] || [ -e "$old" ]; then exec cat > /dev/null; fi',
  'rm -rf -- "$load"; trap \'[ -z "$load" ] || rm -rf -- "$load"\' EXIT; mkdir -- "$load"; cat > "$load/$rdb"',
  'if [ "$used" = yes ] && [ "$major" -ge 7 ]; then mkdir -- "$load/$aofdir"; cp -- "$load/$rdb" "$load/$aofdir/$aof.1.base.rdb"; echo "file $aof.1.base.rdb seq 1 type b" > "$load/$aofdir/$aof.manifest"; fi',
  'if [ "$used" = yes ] && [ "$major" -lt 7 ]; then cp -- "$load/$rdb" "$load/$aof"; fi',
  'chown -R -- "$(stat -c %u:%g .)" "$load"; sync; mv -- "$load" "$new"; load=',
);

export const IS_STAGED = script('if [ -e "$new" ]; then echo staged; fi; if [ -e "$old" ]; then echo swapped; fi');

/** The old files are complete in `asd-old` before the first new one takes a place. */
export const SWAP = script(
  'if [ ! -e "$old" ]; then [ -e "$new" ] || { echo "the staged files are gone" >&2; exit 1; }; mkdir -p -- "$old.part"; move . "$old.part"; mv -- "$old.part" "$old"; fi',
  'if [ -e "$new" ]; then move "$new" .; rmdir -- "$new"; fi; sync',
);

/** The new files are gone before the first old one comes back. */
export const UNDO = script(
  'if [ -e "$old" ]; then rm -rf -- "$rdb" "$aofdir" "$aof"; mv -- "$old" "$old.back"; fi',
  'for from in "$old.part" "$old.back"; do if [ -e "$from" ]; then move "$from" .; rmdir -- "$from"; fi; done',
  'rm -rf -- "$load" "$new"; sync',
);

export const SETTLE = script('rm -rf -- "$load" "$new" "$old" "$old.part" "$old.back"');
