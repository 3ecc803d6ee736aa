// Random names, without node:crypto: loading that takes as long as Bun itself.

/** @returns twice as many hex digits. */
export const randomHex = (bytes: number): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex');
