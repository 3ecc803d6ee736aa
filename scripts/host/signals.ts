// Signals that ask this process to stop. HUP asks for nothing: a lost connection never ends a release.

/** Calls back at every INT and TERM until the returned function is called; HUP and PIPE are ignored from now on. */
export function onStopSignal(callback: (signal: 'SIGINT' | 'SIGTERM', count: number) => void): () => void {
  let count = 0;
  const handler = (signal: 'SIGINT' | 'SIGTERM'): void => callback(signal, ++count);
  const ignore = (): void => undefined;
  process.on('SIGHUP', ignore);
  process.on('SIGINT', handler);
  process.on('SIGTERM', handler);
  return () => {
    process.off('SIGINT', handler);
    process.off('SIGTERM', handler);
    process.off('SIGHUP', ignore);
  };
}
