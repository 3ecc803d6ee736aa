// pm2 does what every runtime does.
import { runtimeContract } from '../contract.ts';
import { makePm2Fixture } from './fixture.ts';

runtimeContract('pm2', makePm2Fixture);
