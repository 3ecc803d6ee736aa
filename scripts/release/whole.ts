// What a release is made of, taken in at once and late: a front that only starts a frozen engine does without it, so that a release
// that broke some of it can still be gone on with.
export { performOrRevert } from './auto-revert.ts';
export { begin } from './begin.ts';
export { dryRun } from './dry-run.ts';
export { awaitVerdict } from './guard/await.ts';
export { locked } from './locked.ts';
export { perform } from './perform.ts';
export { resume } from './resume.ts';
