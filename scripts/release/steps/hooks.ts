// What people wrote for a service or a ticket: hooks, install and e2e commands, ticket scripts.
import { basename, join } from 'node:path';
import type { Runners, StepContext } from '../../engine/attempt.ts';
import { interpreter, runHook } from '../../host/hook.ts';
import { stepFailed } from '../../model/error.ts';
import type { Step, StepOf } from '../../model/step.ts';
import type { Session } from '../session.ts';

export function hookRunners(session: Session): Pick<Runners, 'hook' | 'install' | 'e2e' | 'script'> {
  const live = session.context.paths.root;
  const folderOf = (service: string, root: string): string => join(root, 'packages', service);
  const command = async (step: StepOf<'install' | 'e2e'>, at: StepContext): Promise<undefined> => {
    await run(session, step, at, {
      argv: ownBun(session, step.argv),
      what: step.argv.join(' '),
      cwd: folderOf(step.service, live),
    });
  };
  return {
    async hook(step, at) {
      // A preflight hook looks at the version that is to come: it runs where that one is laid out.
      const root = step.hook === 'preflight' ? session.trees.after.root : live;
      const argv = interpreter(session.engine.bun, join(root, step.path));
      await run(session, step, at, { argv, what: step.path, cwd: folderOf(step.service, root) });
      return undefined;
    },
    install: command,
    e2e: command,
    async script(step, at) {
      const file = step.frozen ? join(session.files.records, 'scripts', basename(step.path)) : join(live, step.path);
      const now = await session.context.host.files.sha256(file);
      if (now !== step.sha256 && !session.acceptedDrift.has(step.path)) {
        throw stepFailed({
          what: `${step.path} is not the script that was planned`,
          hint: step.frozen ? `Its copy was changed: ${file}` : `Put it back: git checkout -- ${step.path}`,
        });
      }
      await run(session, step, at, {
        argv: [...interpreter(session.engine.bun, file), '--yes'],
        what: step.path,
        cwd: live,
      });
      return undefined;
    },
  };
}

/** `bun` in a manifest's command is the engine's own. */
const ownBun = (session: Session, argv: readonly string[]): string[] =>
  argv.map((word, at) => (at === 0 && word === 'bun' ? session.engine.bun : word));

/**
 * The `post_data_restore` of a package, called while its data is back and its databases run.
 * @param root where the package is laid out. @returns undefined where it has none.
 */
export function postDataRestore(session: Session, step: Step & { service: string }, at: StepContext, root: string) {
  const { files } = session.context.host;
  const cwd = join(root, 'packages', step.service);
  const path = ['ts', 'sh']
    .map((ending) => `scripts/post_data_restore.${ending}`)
    .find((each) => files.stat(join(cwd, each)));
  if (path === undefined) return undefined;
  const argv = interpreter(session.engine.bun, join(cwd, path));
  return () => run(session, step, at, { argv, what: `packages/${step.service}/${path}`, cwd });
}

async function run(
  session: Session,
  step: Step,
  at: StepContext,
  call: { argv: string[]; what: string; cwd: string },
): Promise<void> {
  const { context, ticket, plan, receipt } = session;
  await runHook(context.host, {
    ...call,
    env: {
      ...context.env,
      ASD_TICKET: ticket,
      ASD_SERVICE: 'service' in step ? step.service : '',
      ASD_PHASE: step.phase,
      ASD_ROOT: context.paths.root,
      BASE_SHA: plan.baseSha,
      MERGE_SHA: receipt.mergeSha === '' ? plan.targetSha : receipt.mergeSha,
      CONTAINER_PREFIX: context.env.CONTAINER_PREFIX ?? '',
    },
    nodePath: session.engine.nodePath,
    secrets: context.secrets,
    timeoutMs: step.timeoutMs,
    signal: at.signal,
    mark: context.mark,
    outputFile: at.outputFile,
    onRetry: (tries) => at.note('step-retry', { tries: String(tries) }),
  });
}
