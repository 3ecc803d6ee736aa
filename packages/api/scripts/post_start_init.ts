// After api has started: a first call all the way to notes. 75 asks to be tried again.
const url = `http://127.0.0.1:${process.env.API_PORT}/summary`;
const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) });
console.log(`api: ${url} answered ${answer.status}`);
if (!answer.ok) process.exit(75);

export {};
