// Git's objects by their real names: what is hashed here is what git would hash.
import { createHash } from 'node:crypto';
import { remembering } from '../../model/remember.ts';

export interface Commit {
  tree: string;
  parents: string[];
  message: string;
  author: string;
  /** Seconds since the epoch. */
  time: number;
}

export interface Entry {
  mode: string;
  id: string;
}

type Stored =
  | { type: 'blob'; data: Uint8Array }
  | { type: 'tree'; entries: Map<string, Entry> }
  | { type: 'commit'; commit: Commit };

/** Blobs by their content's own array, which is never changed in place. */
const names = new WeakMap<Uint8Array, string>();

/** Objects never change, and a name says what is in one: all repositories of a world share them. */
export class GitObjects {
  private readonly store = new Map<string, Stored>();
  private readonly filesOf = remembering(500, (tree): ReadonlyMap<string, Entry> => {
    const found = new Map<string, Entry>();
    for (const [name, entry] of this.treeEntries(tree)) {
      if (entry.mode !== '40000') found.set(name, entry);
      else for (const [path, inside] of this.files(entry.id)) found.set(`${name}/${path}`, inside);
    }
    return found;
  });

  type = (id: string): Stored['type'] | undefined => this.store.get(id)?.type;

  blob(data: Uint8Array): string {
    const known = names.get(data);
    if (known !== undefined && this.store.has(known)) return known;
    const id = this.put('blob', data, { type: 'blob', data });
    names.set(data, id);
    return id;
  }

  blobData(id: string): Uint8Array {
    const found = this.store.get(id);
    if (found?.type !== 'blob') throw new Error(`no blob ${id}`);
    return found.data;
  }

  commitOf(id: string): Commit {
    const found = this.store.get(id);
    if (found?.type !== 'commit') throw new Error(`no commit ${id}`);
    return found.commit;
  }

  treeEntries(id: string): Map<string, Entry> {
    const found = this.store.get(id);
    if (found?.type !== 'tree') throw new Error(`no tree ${id}`);
    return found.entries;
  }

  /** @param files mode and blob by path. @returns the tree. */
  tree(files: ReadonlyMap<string, Entry>): string {
    const entries = new Map<string, Entry>();
    const folders = new Map<string, Map<string, Entry>>();
    for (const [path, entry] of files) {
      const slash = path.indexOf('/');
      if (slash < 0) entries.set(path, entry);
      else {
        const name = path.slice(0, slash);
        const folder = folders.get(name) ?? new Map<string, Entry>();
        folder.set(path.slice(slash + 1), entry);
        folders.set(name, folder);
      }
    }
    for (const [name, inside] of folders) entries.set(name, { mode: '40000', id: this.tree(inside) });
    // Git sorts a folder as if its name ended in a slash.
    const key = (name: string, { mode }: Entry) => (mode === '40000' ? `${name}/` : name);
    const sorted = [...entries].sort(([a, one], [b, two]) =>
      Buffer.compare(Buffer.from(key(a, one)), Buffer.from(key(b, two))),
    );
    const body = Buffer.concat(
      sorted.map(([name, { mode, id }]) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')])),
    );
    return this.put('tree', body, { type: 'tree', entries: new Map(sorted) });
  }

  commit(commit: Commit): string {
    const who = `${commit.author} ${commit.time} +0000`;
    const lines = [
      `tree ${commit.tree}`,
      ...commit.parents.map((parent) => `parent ${parent}`),
      `author ${who}`,
      `committer ${who}`,
      '',
      commit.message,
    ];
    return this.put('commit', Buffer.from(lines.join('\n')), { type: 'commit', commit });
  }

  /** Mode and blob by path, of a tree or a commit. */
  files(id: string): ReadonlyMap<string, Entry> {
    return this.filesOf(this.type(id) === 'commit' ? this.commitOf(id).tree : id);
  }

  /** A commit and everything that it comes from, itself first. */
  ancestors(id: string): Set<string> {
    const seen = new Set<string>();
    const queue = [id];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(...this.commitOf(next).parents);
    }
    return seen;
  }

  /** The newest commit that both come from. */
  mergeBase(a: string, b: string): string | undefined {
    const others = this.ancestors(b);
    return [...this.ancestors(a)].find((id) => others.has(id));
  }

  private put(type: string, body: Uint8Array, stored: Stored): string {
    const id = createHash('sha1').update(`${type} ${body.length}\0`).update(body).digest('hex');
    this.store.set(id, stored);
    return id;
  }
}
