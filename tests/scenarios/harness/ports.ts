// Ports for the services of a scenario's host.

/** Ports that nothing listens on now. */
export function freePorts(count: number): number[] {
  const socket = { data: () => undefined };
  const probes = Array.from({ length: count }, () => Bun.listen({ hostname: '127.0.0.1', port: 0, socket }));
  for (const probe of probes) probe.stop(true);
  return probes.map((probe) => probe.port);
}
