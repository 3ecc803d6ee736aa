// What the changelogs of a release say that they did not say before.

/** One entry of a changelog, fit for a terminal: a single line, without control characters, cut where it is long. */
export interface ReleaseNote {
  /** Repository path of the changelog. */
  file: string;
  /** Its heading: `2.0.0`, `Unreleased`; empty where there is none. */
  version: string;
  /** `Added`, `Removed`, ...; empty where there is none. */
  kind: string;
  text: string;
  /** It takes something away, or says that it breaks something. */
  breaking: boolean;
}

export interface ReleaseNotes {
  /** Entries that break something first; in the order of their files. */
  entries: ReleaseNote[];
  /** Entries beyond those that are kept, and how many of them break something. */
  left: number;
  leftBreaking: number;
}
