// pm2 does what every runtime does.
import { runtimeContract } from '../../scripts/runtimes/contract.ts';
import { makePm2Fixture } from '../../scripts/runtimes/pm2/fixture.ts';

runtimeContract('pm2', makePm2Fixture);
