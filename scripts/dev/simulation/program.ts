// What a simulated program is given, and what it answers.
import type { Struck, World } from './world.ts';

export interface Call {
  world: World;
  argv: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  input: Uint8Array;
  /** Before everything that it does to the world. The engine may die here; a program that outlives it goes on. */
  step(what: string, path: string): Struck | undefined;
}

export interface Outcome {
  code: number;
  stdout: Uint8Array;
  /** Lines. */
  stderr: string[];
}

export type Program = (call: Call) => Outcome;

/** Thrown by a program that goes no further and does not end. */
export class Hung extends Error {}

const encoder = new TextEncoder();

export const said = (stdout: string | Uint8Array = '', stderr: string[] = []): Outcome => ({
  code: 0,
  stdout: typeof stdout === 'string' ? encoder.encode(stdout) : stdout,
  stderr,
});

export const failed = (code: number, ...stderr: string[]): Outcome => ({ code, stdout: new Uint8Array(), stderr });

const decoder = new TextDecoder();

export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);
