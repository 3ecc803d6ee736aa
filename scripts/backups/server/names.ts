// Names of databases that exist only for a while, within what servers allow (63 bytes), and the same in every run.
const MAX = 63;

const hash = (text: string): string => new Bun.CryptoHasher('sha256').update(text).digest('hex').slice(0, 8);

/** `<name>__asd_<what>_<stamp>`; a long name is cut, and told apart by a hash. @param what `load`, `new` or `old`. */
export function besideName(name: string, what: string, stamp: string): string {
  const suffix = `__asd_${what}_${stamp}`;
  if (Buffer.byteLength(name) + suffix.length <= MAX) return `${name}${suffix}`;
  let head = name;
  while (Buffer.byteLength(head) > MAX - suffix.length - 9) head = [...head].slice(0, -1).join('');
  return `${head}_${hash(name)}${suffix}`;
}

/** What all scratch databases of a service's drills begin with: another service's on the same server stay alone. */
export const drillPrefix = (service: string): string => `asd_drill_${hash(service)}_`;
