// Compose does what every runtime does, on a real engine.
import { engineForTests } from '../../dev/engine/test-engine.ts';
import { runtimeContract } from '../contract.ts';
import { makeComposeFixture } from './fixture.ts';

const engine = await engineForTests();

runtimeContract('compose', engine && (() => makeComposeFixture(engine)));
