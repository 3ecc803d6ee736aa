// What is no fault of a host.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { guard } from './checks/guard.ts';
import { openWard, type Ward } from './fixture.ts';

let ward: Ward;
beforeEach(() => {
  ward = openWard();
});
afterEach(() => ward.close());

test('where no release waits for a confirmation, nobody has to watch after a reboot', async () => {
  expect((await ward.examine(guard, { guarded: async () => false })).findings[0]).toMatchObject({ outcome: 'skip' });
});
