// How a project is seen to be well: what its published port answers now, or Docker's own check.
import type { Http } from '../host/port.ts';
import { componentName } from '../runtimes/compose/running.ts';
import type { Project } from './projects.ts';
import type { Guess } from './roles.ts';
import { holdsData } from './roles.ts';

export interface HealthDraft {
  endpoint?: { url: string; code: number; why: string };
  /** Services whose Docker check says healthy now. */
  checked: string[];
  /** Where there is no endpoint: why. */
  note: string;
}

const PROBE_MS = 1_500;
const USUAL = ['/', '/health', '/healthz'];
const CHECKED_URL = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(\/[^\s"'|;&)]*)?/;
const EVERYWHERE = new Set(['', '0.0.0.0', '::']);

/** Asks each published port of an app once, over HTTP; nothing else of the project is touched. */
export async function draftHealth(
  http: Pick<Http, 'get'>,
  project: Project,
  guesses: readonly Guess[],
): Promise<HealthDraft> {
  const checked = project.containers.filter((each) => each.health === 'healthy').map(componentName);
  const own = guesses
    .filter((guess) => !holdsData(guess) && guess.role !== 'job')
    .flatMap((guess) => project.containers.filter((each) => each.running && componentName(each) === guess.service));
  const candidates = own.flatMap(({ details }) => {
    const asked = CHECKED_URL.exec(details.healthTest.join(' '));
    return details.published
      .filter(({ protocol, host }) => protocol === 'tcp' && host > 0)
      .flatMap(({ container, hostIp, host }) => {
        const path = asked !== null && Number(asked[1] ?? 80) === container ? asked[2] : undefined;
        const address = EVERYWHERE.has(hostIp) ? '127.0.0.1' : hostIp.includes(':') ? `[${hostIp}]` : hostIp;
        const from = path === undefined ? 'its published port' : 'its healthcheck';
        return (path === undefined ? USUAL : [path]).map((each) => ({ url: `http://${address}:${host}${each}`, from }));
      });
  });
  const unique = candidates.filter(({ url }, at) => candidates.findIndex((other) => other.url === url) === at);
  const answers = await Promise.all(unique.map(async (each) => ({ ...each, code: await probe(http, each.url) })));
  const found =
    answers.find(({ code }) => code !== undefined && code < 400) ??
    answers.find(({ code }) => code !== undefined && code < 500);
  const unchecked =
    checked.length > 0
      ? `Docker's own check of ${checked.join(', ')} is all there is`
      : 'nothing is asked after a release';
  if (found?.code !== undefined)
    return {
      endpoint: { url: found.url, code: found.code, why: `${found.from} answers ${found.code} now` },
      checked,
      note: '',
    };
  const why =
    own.length === 0
      ? 'nothing of it runs'
      : unique.length === 0
        ? 'it publishes no port'
        : `no port of it answers HTTP (${unique.map(({ url }) => url).join(', ')})`;
  return { checked, note: `health: ${why}; ${unchecked}` };
}

async function probe(http: Pick<Http, 'get'>, url: string): Promise<number | undefined> {
  try {
    return (await http.get(url, { timeoutMs: PROBE_MS })).status;
  } catch (error) {
    // No HTTP there, or nothing at all: that is an answer, too.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
