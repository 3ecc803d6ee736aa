// The port to the world: every file, process, socket and clock that the engine touches goes through these.
// git.ts and docker.ts are built upon it, so that a simulated world only has to stand in for this one page.
import type { FrozenEngine } from './freeze.ts';
import type { HostPaths } from './paths.ts';

export interface FileStat {
  kind: 'file' | 'folder' | 'link' | 'other';
  size: number;
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  dev: number;
  ino: number;
}

/** One entry of a folder. Equal ones differ in nothing but `id` and `links`. */
export interface TreeEntry {
  /** From the root, without a slash at its beginning; the root itself is empty. One character a byte (Latin-1), whatever the name's encoding. */
  path: string;
  kind: 'file' | 'folder' | 'link' | 'pipe' | 'socket' | 'char' | 'block';
  mode: number;
  uid: number;
  gid: number;
  /** Of files; 0 for all others. */
  size: number;
  mtimeNs: bigint;
  /** A hash of all extended attributes, access lists among them; empty where there are none. */
  attributes: string;
  /** Of links, one character a byte; empty for all others. */
  target: string;
  /** Of devices. */
  device: string;
  /** Device and inode: the same for hard links. */
  id: bigint;
  links: number;
}

/** A new file, written in pieces. */
export interface FileWriter {
  write(content: Uint8Array): void;
  /** Flushes it to the disk. */
  close(): void;
}

/** Synchronous on purpose: a journal write is done when the call returns. Paths are absolute. Missing files throw the OS error unless said otherwise. */
export interface Files {
  /**
   * undefined where there is none. @param follow the path itself may be a link (an operator's `.env` often is one).
   * @throws refused for a link, folder or FIFO in its place, or where `maxBytes` (default 16 MiB) is exceeded; the OS error for anything else.
   */
  readText(path: string, options?: { maxBytes?: number; follow?: boolean }): string | undefined;
  readBytes(path: string, options?: { maxBytes?: number; follow?: boolean }): Uint8Array | undefined;
  /** Part of a file, for tails. */
  readRange(path: string, offset: number, length: number): Uint8Array;
  /** Temp file beside it, write, fsync, rename, fsync of the folder. Mode defaults to 0600. */
  replace(path: string, content: string | Uint8Array, options?: { mode?: number }): void;
  /** Append and fsync. Creates the file with 0600. @param truncateTo first cut the file to this length. */
  append(path: string, content: string, options?: { truncateTo?: number }): void;
  /** Does not follow a link; undefined where there is none. */
  stat(path: string): FileStat | undefined;
  /** Names in a folder, sorted; empty where there is none. */
  list(path: string): string[];
  /** With parents; new folders get the mode (default 0700). */
  mkdir(path: string, options?: { mode?: number }): void;
  rename(from: string, to: string): void;
  /** fsync of a file or folder. */
  sync(path: string): void;
  /** File, link or whole tree; nothing where there is none. @param path bytes for a name in whatever encoding. */
  remove(path: string | Uint8Array): void;
  copy(from: string, to: string): void;
  link(from: string, to: string): void;
  symlink(target: string, path: string): void;
  readlink(path: string): string;
  realpath(path: string): string;
  chmod(path: string, mode: number): void;
  /** A new folder, 0700, below the given one. */
  tempFolder(below: string, prefix: string): string;
  /** Bytes free to us on the file system that holds the path (or its nearest existing parent). */
  freeBytes(path: string): number;
  /** sha256 in hex, streamed. @throws what the signal says. */
  sha256(path: string | Uint8Array, signal?: AbortSignal): Promise<string>;
  /** Two plain files, byte by byte, streamed. @throws what the signal says. */
  sameContent(a: Uint8Array, b: Uint8Array, signal?: AbortSignal): Promise<boolean>;
  /** A folder with everything in it, folders before what they hold, names in the order of their bytes. Nothing is followed; what goes meanwhile is left out. */
  walk(root: string): Iterable<TreeEntry>;
  /** One entry of a tree; undefined where there is none. */
  entry(root: string, path: string): TreeEntry | undefined;
  /** Makes the file anew, 0600. */
  writer(path: string): FileWriter;
  /** Takes a kernel lock (flock, exclusive, close-on-exec, 0600); undefined where another holds it. */
  lock(path: string): FileLock | undefined;
}

/** Freed by `release` or by the kernel when the process ends. */
export interface FileLock {
  /** Replaces the lock file's content (the holder's facts), in place. */
  write(content: string): void;
  /** The path still names the file that we hold. */
  stillHeld(): boolean;
  release(): void;
}

export interface RunOptions {
  cwd?: string;
  /** The whole environment of the child; nothing is inherited. */
  env: Record<string, string>;
  /** The group gets TERM, then KILL after `graceMs` (default 5 s). */
  timeoutMs?: number;
  graceMs?: number;
  signal?: AbortSignal;
  /** Both streams are written here, masked and capped, 0600. */
  outputFile?: string;
  /** Called with each line (masked, control characters escaped) as it comes. */
  onLine?: (line: string) => void;
  /** How much of stdout is kept in memory; default 1 MiB. More is an error unless `truncate`. */
  maxStdoutBytes?: number;
  truncate?: boolean;
  /** Goes to the child's standard input; default none (end of file at once). */
  input?: string | Uint8Array;
  /** Marks the child and all its descendants (ASD_MARK in the environment), so that stragglers are found and ended. */
  mark?: string;
  /** End whatever still carries the mark when the command is over. Default false. */
  endStragglers?: boolean;
  /** Values that must not appear in kept output, nor does user info of any URL then; undefined: there is nothing to hide. */
  secrets?: readonly string[];
}

export interface RunResult {
  /** undefined where a signal ended it. */
  code: number | undefined;
  signal: string | undefined;
  timedOut: boolean;
  stdout: string;
  /** The last lines of both streams together, masked. */
  tail: string[];
  durationMs: number;
}

/** A process that stays with us for a while. */
export interface LongProcess {
  readonly pid: number;
  /** Lines of its standard output. */
  lines: AsyncIterable<string>;
  /** Close its standard input. */
  closeInput(): void;
  end(graceMs?: number): Promise<void>;
  readonly exited: Promise<number | undefined>;
}

/** Commands are argv arrays; there is no shell. Each child leads a process group of its own, has no standard input unless given, and is ended with its group. */
export interface Exec {
  /** Never throws for a non-zero exit or an abort (its `signal` is set then); throws refused where the program is not there. stdout is not masked. */
  run(argv: readonly string[], options: RunOptions): Promise<RunResult>;
  /** Runs a | b | c. The last one writes to `toFile` (fsynced, 0600) itself, which is hashed as it grows; without it, its output is hashed and dropped. A code is undefined where a signal ended the stage (SIGPIPE, too). First one's stdin is `fromFile`. All exit codes are checked by the caller. */
  pipe(
    commands: ReadonlyArray<readonly string[]>,
    options: RunOptions & { toFile?: string; fromFile?: string },
  ): Promise<{
    codes: Array<number | undefined>;
    bytes: number;
    sha256: string;
    tail: string[];
    timedOut: boolean;
    durationMs: number;
  }>;
  /** Its input is a pipe that stays open until `closeInput`, or until this process dies; `options.input` is not used. */
  start(argv: readonly string[], options: RunOptions): LongProcess;
  /** Starts a command that outlives us: a session of its own, no streams, not waited for. @throws as `run`. */
  detach(argv: readonly string[], options: { cwd: string; env: Record<string, string> }): void;
  /** Pids of what carries the mark, or one that begins with it and a dot. */
  marked(mark: string): number[];
  /** Kills what an earlier process of ours left behind: every process whose mark is the given one, or begins with it and a dot. @returns how many. */
  endMarked(mark: string): Promise<number>;
  /** Absolute path of a program on the given PATH; undefined where there is none. */
  which(program: string, path?: string): string | undefined;
  /** Ends whatever still runs of `run`, `pipe` and `start`, as an abort would, and waits for its end. What is asked for afterwards is aborted. */
  close(): Promise<void>;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  /** At most 64 KiB of it. */
  body: string;
}

export interface Http {
  /** `get` will be asked for once what is under way is over. What it needs takes longer to load than a verb that only reads records takes altogether. */
  getSoon(): void;
  /** A fresh connection, no redirects followed, one deadline for everything. @throws the network error, or TimeoutError. */
  get(
    url: string,
    options: { timeoutMs: number; connectTimeoutMs?: number; signal?: AbortSignal },
  ): Promise<HttpAnswer>;
  /** The same, with a body. */
  post(url: string, options: { json: string; timeoutMs: number }): Promise<HttpAnswer>;
  /** Over a unix socket; `json` is the parsed answer (undefined where the body is empty). */
  unix(
    socket: string,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    options: { timeoutMs: number; signal?: AbortSignal; body?: unknown; headers?: Record<string, string> },
  ): Promise<{ status: number; json: unknown }>;
  /** A stream of newline-separated JSON over a unix socket, until the signal. */
  unixLines(socket: string, path: string, signal: AbortSignal): AsyncIterable<unknown>;
}

export interface Clock {
  /** Wall clock. */
  now(): Date;
  /** Milliseconds that never go back within a boot. */
  monotonicMs(): number;
  /** Resolves early, without throwing, when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A signal that fires after so many milliseconds; it does not keep the process alive. */
  deadline(ms: number): AbortSignal;
}

/** Facts of the machine and process, gathered once. */
export interface Machine {
  hostname: string;
  user: string;
  uid: number;
  pid: number;
  /** The working directory that we were started in. */
  cwd: string;
  /** From /proc: pid's start time in ticks since boot. */
  startTime(pid: number): string | undefined;
  bootId: string;
  cores: number;
  /** The environment that we were started with. */
  env: Readonly<Record<string, string>>;
  alive(pid: number): boolean;
  /** TERM to the process of that number, if it is still the one that started then. @returns false where it is gone. */
  terminate(pid: number, startTime: string): boolean;
  /** Hex digits. */
  random(bytes: number): string;
}

/** This process, where it is a verb that runs from a frozen engine. */
export interface OwnProcess {
  /** Name of the engine's folder. */
  engineHash: string;
  /** The frozen engine that a record names, or our own. @throws refused where it is missing or its files are not what was frozen. */
  openEngine(paths: HostPaths, hash: string): Promise<FrozenEngine>;
  /** Calls back at every INT and TERM until the returned function is called; HUP and PIPE are ignored from now on. */
  onStop(callback: (signal: 'SIGINT' | 'SIGTERM', count: number) => void): () => void;
}

export interface Host {
  files: Files;
  exec: Exec;
  http: Http;
  clock: Clock;
  machine: Machine;
  own: OwnProcess;
}
