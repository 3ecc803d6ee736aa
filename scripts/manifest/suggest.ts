// The known word that a misspelt one was most likely meant to be.

/** Edits (insert, delete, replace, swap of neighbours) from a to b: optimal string alignment distance. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

const plain = (word: string) => word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** @returns the nearest known word, or undefined where none is near enough. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  const letters = plain(word);
  for (const candidate of known) {
    const same = plain(candidate) === letters;
    if (!same && Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = same ? 0 : editDistance(word, candidate);
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? longerOrShorter(word, known);
}

/** `pause` for `pause_max`, `timeout_seconds` for `timeout`. */
function longerOrShorter(word: string, known: Iterable<string>): string | undefined {
  const [found, another] = [...known].filter((candidate) => {
    const [short, long] = candidate.length < word.length ? [candidate, word] : [word, candidate];
    return short.length >= 3 && long.startsWith(`${short}_`);
  });
  return another === undefined ? found : undefined;
}
