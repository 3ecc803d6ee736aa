// A process for the contract suite to kill: it holds a service still and never lets go.
import { openHost } from '../host/real.ts';
import { runtimeOf } from './registry.ts';

const { kind, context, service, project, how } = await Bun.stdin.json();

const runtime = await runtimeOf(kind);
await runtime.quiesce({ ...context, host: openHost() }, service, project, how, 600_000);
console.log('held');
await Bun.sleep(600_000);
