// When a request is given up.

/** Aborts after `timeoutMs`, or with the other signal. */
export const deadline = (timeoutMs: number, signal?: AbortSignal): AbortSignal =>
  signal === undefined ? AbortSignal.timeout(timeoutMs) : AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]);
