// The beginning of every `docker run` of ours: one that goes when it is done, reaches no network, and pulls nothing.
export const RUN_ONCE: readonly string[] = [
  'docker',
  'run',
  '--rm',
  '-i',
  '--pull',
  'never',
  '--log-driver',
  'none',
  '--network',
  'none',
  '--user',
  '0:0',
];
