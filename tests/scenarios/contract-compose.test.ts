// Compose does what every runtime does, on a real engine.
import { engineForTests } from '../../scripts/dev/engine/test-engine.ts';
import { makeComposeFixture } from '../../scripts/runtimes/compose/fixture.ts';
import { runtimeContract } from '../../scripts/runtimes/contract.ts';

const engine = await engineForTests();

runtimeContract('compose', engine && (() => makeComposeFixture(engine)));
