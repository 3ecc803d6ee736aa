// All that `just torture` disturbs.
import type { Scenario } from './hosts.ts';
import { OTHERS } from './others.ts';
import { RELEASES } from './releases.ts';
import { WINDOWS } from './windows.ts';

export const SCENARIOS: readonly Scenario[] = [...RELEASES, ...OTHERS, ...WINDOWS];
