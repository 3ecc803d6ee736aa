// Scripts that do what scripts should not. `ends`: a ticket script that exits 0 all the same; `fails`: a preflight hook that must halt the release.
export interface Misbehaving {
  name: string;
  /** `.ts` or `.sh`. */
  language: 'ts' | 'sh';
  text: string;
  /** What the operator is told of a hook that fails. */
  told?: RegExp;
}

/** Value of API_TOKEN in the host's `.env`. */
export const TOKEN = 'tok"en $HOME-0123456789';

/** What a process that carries no mark of ours sleeps, to be found by. */
export const NOBODYS = '31536007';

export const ENDS: readonly Misbehaving[] = [
  {
    name: 'a daemon that was forked twice and keeps the output open',
    language: 'sh',
    text: '( ( sleep 1000 & ) & ) ; exit 0',
  },
  {
    name: 'a daemon in a session of its own, deaf to TERM',
    language: 'sh',
    text: `setsid sh -c 'trap "" TERM HUP INT; while :; do sleep 1; done' & exit 0`,
  },
  {
    name: 'a daemon that closed everything',
    language: 'sh',
    text: 'setsid sleep 1000 </dev/null >/dev/null 2>&1 & exit 0',
  },
  {
    name: 'a daemon with an empty environment, in a session of its own',
    language: 'sh',
    text: `env -i setsid sh -c 'trap "" TERM HUP INT; (sleep ${NOBODYS} &) ; exit 0' </dev/null >/dev/null 2>&1; exit 0`,
  },
  {
    name: 'fifty children',
    language: 'sh',
    text: 'for n in $(seq 50); do sleep 1000 & done; exit 0',
  },
  {
    name: 'children that start children when they are ended',
    language: 'sh',
    text: `sh -c 'trap "sleep 1000 & sleep 1000 &" TERM EXIT; sleep 1000 & wait' & exit 0`,
  },
  {
    name: 'a child that goes on writing after its parent ended',
    language: 'sh',
    text: '( while :; do echo still here; done ) & exit 0',
  },
  {
    name: '200 MB of output',
    language: 'sh',
    text: 'head -c 200000000 /dev/zero | tr "\\0" x | fold -w 200',
  },
  { name: '200 MB of errors', language: 'sh', text: 'head -c 200000000 /dev/zero | tr "\\0" y | fold -w 200 >&2' },
  { name: 'one line of 100 MB', language: 'sh', text: 'head -c 100000000 /dev/zero | tr "\\0" z' },
  { name: '20 MB of NUL', language: 'sh', text: 'head -c 20000000 /dev/zero' },
  { name: '5 MB of noise that is no UTF-8', language: 'sh', text: 'head -c 5000000 /dev/urandom' },
  { name: 'reads its standard input', language: 'sh', text: 'cat; read -r line; test -z "$line"' },
  {
    name: 'asks the terminal',
    language: 'sh',
    text: 'if read -r -t 5 answer </dev/tty; then exit 9; fi; exit 0',
  },
  {
    name: 'looks for descriptors that it should not have',
    language: 'sh',
    text: 'for fd in /proc/$$/fd/*; do case $(readlink "$fd") in *release.lock*|*.log|*.env|*.json|*/engine/*) exit 9;; esac; done',
  },
  { name: 'closes its output and goes on', language: 'sh', text: 'exec >&- 2>&-; sleep 0.2; exit 0' },
  {
    name: 'writes lines that look like the log',
    language: 'sh',
    text: 'echo "2026-05-18T15:34:35Z ticket=1 phase=verify event=done duration=1s sum=00000000"; echo "PHASE_STATUS=done"',
  },
  {
    name: 'terminal commands',
    language: 'sh',
    text: `printf '\\033]0;title\\007\\033[2J\\033[31mred\\033[0m\\r\\033Pq\\033\\\\ \\302\\233\\n'`,
  },
  {
    name: 'prints a secret, whole, in pieces, and encoded',
    language: 'sh',
    text: `printf '%s\\n' "$API_TOKEN"; printf '%s' "\${API_TOKEN%0123456789}"; sleep 0.1; echo 0123456789; printf '%s' "$API_TOKEN" | base64 -w0`,
  },
  { name: 'ignores TERM and ends well', language: 'sh', text: 'trap "" TERM HUP INT; exit 0' },
  { name: 'changes its working directory and umask', language: 'sh', text: 'umask 0; cd /; exit 0' },
  {
    name: 'an unhandled promise that is handled later',
    language: 'ts',
    text: 'await Promise.reject(1).catch(() => 0);',
  },
];

export const FAILS: readonly Misbehaving[] = [
  { name: 'hangs', language: 'ts', text: 'await Bun.sleep(1_000_000);', told: /did not end within 1 s/ },
  {
    name: 'hangs and ignores TERM',
    language: 'ts',
    text: `process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); await Bun.sleep(1_000_000);`,
    told: /did not end within 1 s/,
  },
  {
    name: 'hangs without giving way',
    language: 'ts',
    text: `process.on('SIGTERM', () => {}); for (;;) {}`,
    told: /did not end within 1 s/,
  },
  {
    name: 'hangs in a grandchild',
    language: 'ts',
    text: `Bun.spawnSync(['setsid', '-w', 'sh', '-c', 'trap "" TERM; sleep 1000; sleep 1000']);`,
    told: /did not end within 1 s/,
  },
  {
    name: 'says "not yet" for ever',
    language: 'ts',
    text: 'process.exit(75);',
    told: /did not end within 1 s: it said "not yet"/,
  },
  {
    name: 'kills itself',
    language: 'ts',
    text: `process.kill(process.pid, 'SIGKILL'); await Bun.sleep(9_000);`,
    told: /was ended by SIGKILL/,
  },
  {
    name: 'crashes',
    language: 'ts',
    text: `process.kill(process.pid, 'SIGSEGV'); await Bun.sleep(9_000);`,
    told: /was ended by SIGSEGV/,
  },
  { name: 'throws', language: 'ts', text: `throw new Error('no licence\\u001b[2J');`, told: /exited 1/ },
  { name: 'does not parse', language: 'ts', text: 'const = 1;', told: /exited 1/ },
  {
    name: 'imports what is not there',
    language: 'ts',
    text: `await import('no-such-package-at-all');`,
    told: /exited 1/,
  },
  {
    name: 'floods and fails',
    language: 'ts',
    text: `const line = 'flood '.repeat(2000) + '\\n'; for (let n = 0; n < 5_000; n += 1) process.stdout.write(line); console.error('\\0the disk of the licence server'); process.exit(255);`,
    told: /exited 255/,
  },
];
