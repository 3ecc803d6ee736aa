// What is kept of a command's output: the last lines, a capped file, stdout itself. Memory stays bounded whatever comes.
import { closeSync, constants, fchmodSync } from 'node:fs';
import { type Masker, makeMasker, maskText } from './mask.ts';
import { openRegular, writeAll } from './safe-open.ts';

const TAIL_LINES = 30;
const LINE_CHARS = 2000;
/** Of a line before escape sequences are taken out. */
const RAW_LINE_CHARS = 8192;
const FILE_HALF = 5 * 1024 * 1024;

// biome-ignore format: one alternative a line
const ANSI = new RegExp(
  [
    '\\x1b\\[[0-?]*[ -/]*[@-~]',
    '\\x1b\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)?',
    '\\x1b[PX^_][^\\x1b]*(?:\\x1b\\\\)?',
    '\\x1b[ -/]*[0-~]',
  ].join('|'),
  'g',
);

/** One line, fit for a terminal and a log: escape sequences taken out, other control characters shown as \xNN, cut at 2000 characters. */
export function cleanLine(line: string): string {
  const ended = line.replace(/\r+$/, '');
  // A progress bar writes its line over and over: what it showed last counts.
  const shown = ended
    .slice(ended.lastIndexOf('\r') + 1)
    .replace(ANSI, '')
    .slice(0, LINE_CHARS + 1);
  const escaped = shown.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (char) => {
    const code = char.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
  return escaped.length > LINE_CHARS ? `${escaped.slice(0, LINE_CHARS)}...` : escaped;
}

/** Cuts text into lines. @param maxChars what is kept of an endless one. */
export function lineSplitter(each: (line: string) => void, maxChars = RAW_LINE_CHARS) {
  let rest = '';
  return {
    push(text: string) {
      let at = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
        each(rest + text.slice(at, Math.min(end, at + maxChars - rest.length)));
        rest = '';
        at = end + 1;
      }
      if (rest.length < maxChars) rest += text.slice(at, at + maxChars - rest.length);
    },
    flush() {
      if (rest !== '') each(rest);
      rest = '';
    },
  };
}

/** The part of a text that can still be among the last lines of everything. */
function lastLines(text: string): string {
  let at = text.length;
  for (let i = 0; i <= TAIL_LINES + 1; i += 1) {
    at = text.lastIndexOf('\n', at - 1);
    if (at <= 0) return text;
  }
  return text.slice(at);
}

interface Sink {
  push(text: string): void;
  close(): void;
}

/** The last bytes of everything that is pushed. */
function lastBytes(capacity: number) {
  let ring: Uint8Array | undefined;
  let total = 0;
  return {
    push(bytes: Uint8Array) {
      ring ??= new Uint8Array(capacity);
      const kept = bytes.subarray(Math.max(0, bytes.length - capacity));
      total += bytes.length;
      const start = (total - kept.length) % capacity;
      const head = kept.subarray(0, capacity - start);
      ring.set(head, start);
      ring.set(kept.subarray(head.length), 0);
    },
    dropped: () => Math.max(0, total - capacity),
    parts(): Uint8Array[] {
      if (ring === undefined) return [];
      const end = total % capacity;
      return total <= capacity ? [ring.subarray(0, total)] : [ring.subarray(end), ring.subarray(0, end)];
    },
  };
}

/** First and last 5 MB of what is pushed, 0600, appended to the file. The last part is written at the end. */
function cappedFile(path: string): Sink {
  const { fd } = openRegular(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, { mode: 0o600 });
  fchmodSync(fd, 0o600);
  const last = lastBytes(FILE_HALF);
  let room = FILE_HALF;
  return {
    push(text) {
      const bytes = Buffer.from(text);
      const now = bytes.subarray(0, room);
      if (now.length > 0) writeAll(fd, now, path);
      room -= now.length;
      if (now.length < bytes.length) last.push(bytes.subarray(now.length));
    },
    close() {
      try {
        if (last.dropped() > 0) writeAll(fd, Buffer.from(`\n[${last.dropped()} bytes dropped here]\n`), path);
        for (const part of last.parts()) writeAll(fd, part, path);
      } finally {
        closeSync(fd);
      }
    },
  };
}

export interface OutputOptions {
  outputFile?: string;
  onLine?: (line: string) => void;
  /** Not to be shown, as is user info of URLs then; undefined: there is nothing to hide. */
  secrets?: readonly string[];
}

export interface Output {
  /** One of the command's streams; its own masker and lines. */
  stream(): { push(chunk: Uint8Array): void; end(): void };
  readonly tail: string[];
  close(): void;
}

/** Of a command whose output holds no secrets: it is only decoded. */
function plainText(): Masker {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (chunk) => (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })),
    flush: () => decoder.decode(),
  };
}

/** Collects what all streams of one command say. */
export function openOutput(options: OutputOptions): Output {
  const { secrets } = options;
  const file = options.outputFile === undefined ? undefined : cappedFile(options.outputFile);
  const tail: string[] = [];
  const line = (raw: string) => {
    const clean = cleanLine(raw);
    // Taking escape sequences out may have put a secret together.
    const text = clean === raw || secrets === undefined ? clean : maskText(clean, secrets);
    tail.push(text);
    if (tail.length > TAIL_LINES) tail.shift();
    options.onLine?.(text);
  };
  return {
    tail,
    stream() {
      const masker = secrets === undefined ? plainText() : makeMasker(secrets);
      const lines = lineSplitter(line);
      const take = (text: string) => {
        file?.push(text);
        lines.push(options.onLine === undefined ? lastLines(text) : text);
      };
      return {
        push: (chunk) => take(masker.push(chunk)),
        end() {
          take(masker.flush());
          lines.flush();
        },
      };
    },
    close: () => file?.close(),
  };
}
