// Names of backup items: safe as file names, and no two alike.

/** @param detail what the manifest calls it. @param taken the names that are in use; the new one is added. */
export function itemName(kind: string, detail: string, taken: Set<string>): string {
  const slug = detail
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  const base = slug === '' ? kind : `${kind}-${slug}`;
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  taken.add(name);
  return name;
}
