// What the operating system refuses, in words: the disk, the number of open files, rights. Not a fault of the engine, and not shown as one.
import { ReleaseError } from '../model/error.ts';

const WORDS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'Make room (df -h; old backups: just release-backup-prune), then repeat the command.'],
  EDQUOT: ['the disk quota is used up', 'Make room, or have the quota raised, then repeat the command.'],
  EIO: [
    'the disk could not read or write',
    'Look at the kernel log (dmesg | tail) before anything else: the disk may be failing.',
  ],
  EROFS: [
    'the file system is read-only',
    'It often became so after a disk error: dmesg | tail. Mount it writable, then repeat the command.',
  ],
  EMFILE: ['too many files are open in this process', 'Raise the limit (ulimit -n 4096), then repeat the command.'],
  ENFILE: ['too many files are open on this machine', 'See what holds them (lsof), then repeat the command.'],
  ENOMEM: ['there is no memory left', 'See what needs it (free -m), then repeat the command.'],
  EACCES: [
    'the rights do not suffice',
    'Run the command as the user who owns the files, or correct their owner and mode.',
  ],
  EPERM: [
    'it is not permitted',
    'Run the command as the user who owns the files, or look at attributes (lsattr) and mounts.',
  ],
};

/** @returns the error in an operator's words where it is one of the operating system's, else itself. */
export function inWords(error: unknown): unknown {
  if (error instanceof ReleaseError || !(error instanceof Error)) return error;
  const { code = '', path, syscall } = error as NodeJS.ErrnoException;
  const words = WORDS[code];
  if (words === undefined) return error;
  const [what, hint] = words;
  const facts = {
    what: `${what} (${code}${syscall === undefined ? '' : ` at ${syscall}`})`,
    hint: [hint, 'How things stand: just release-state'],
    ...(path === undefined ? {} : { where: path }),
  };
  return new ReleaseError('step-failed', facts, error);
}
