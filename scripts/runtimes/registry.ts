// The runtimes by kind; each is loaded when a service needs it.
import type { RuntimeKind } from '../model/service.ts';
import type { Runtime } from './runtime.ts';

const RUNTIMES: Record<RuntimeKind, () => Promise<Runtime>> = {
  compose: async () => (await import('./compose/runtime.ts')).composeRuntime,
  pm2: async () => (await import('./pm2/runtime.ts')).pm2Runtime,
};

/** @param kind as the manifest has it. */
export const runtimeOf = (kind: RuntimeKind): Promise<Runtime> => RUNTIMES[kind]();
