// After web has started: does the page carry the title of .env, all the way through api? 75 asks to be tried again.
const title = process.env.WEB_TITLE ?? 'Notes';
const answer = await fetch(`http://127.0.0.1:${process.env.WEB_PORT}/`, { signal: AbortSignal.timeout(3_000) });
const text = await answer.text();
if (!answer.ok) process.exit(75);
if (!text.includes(Bun.escapeHTML(title))) {
  console.error(`web shows another title than WEB_TITLE in .env`);
  process.exit(1);
}

export {};
