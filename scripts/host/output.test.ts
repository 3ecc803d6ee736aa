import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanLine, lineSplitter, openOutput } from './output.ts';

describe('cleanLine', () => {
  const cases: Array<[string, string, string]> = [
    ['colours', '\x1b[1;31mred\x1b[0m', 'red'],
    ['a window title', '\x1b]0;title\x07text', 'text'],
    ['a title that is not ended', 'text\x1b]0;title', 'text'],
    ['cursor moves and charsets', '\x1b[2K\x1b(B\x1b=text\x1bM', 'text'],
    ['other control characters', 'a\0b\x07c\x7fd\x9be', 'a\\x00b\\x07c\\x7fd\\x9be'],
    ['text that turns around', 'a\u202eb', 'a\\u202eb'],
    ['the last of a progress bar', '10%\r50%\r100%\r', '100%'],
    ['tabs and other scripts', 'a\tβ 漢', 'a\tβ 漢'],
    ['a lone escape', 'a\x1b', 'a\\x1b'],
  ];
  for (const [name, raw, clean] of cases) test(name, () => expect(cleanLine(raw)).toBe(clean));

  test('cuts at 2000 characters', () => {
    expect(cleanLine('x'.repeat(5000))).toBe(`${'x'.repeat(2000)}...`);
  });
});

test('lines are put together across chunks, and an endless one is cut', () => {
  const lines: string[] = [];
  const splitter = lineSplitter((line) => lines.push(line), 10);
  for (const text of ['on', 'e\ntwo\nth', '', 'ree', '\n', 'x'.repeat(50), 'y', '\n', 'z'.repeat(50), '\n\nlast'])
    splitter.push(text);
  splitter.flush();
  splitter.flush();
  expect(lines).toEqual(['one', 'two', 'three', 'x'.repeat(10), 'z'.repeat(10), '', 'last']);
});

test('a secret that escape sequences had hidden is masked after they are taken out', () => {
  const output = openOutput({ secrets: ['sesame-open'] });
  const stream = output.stream();
  stream.push(Buffer.from('it is ses\x1b[1mame-\x1b[0mopen\n'));
  stream.end();
  output.close();
  expect(output.tail).toEqual(['it is ***']);
});

test('a secret is masked in the tail, in each line and in the file, also across two chunks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'output-'));
  const outputFile = join(folder, 'output');
  const said: string[] = [];
  const output = openOutput({ secrets: ['sesame-open'], outputFile, onLine: (line) => said.push(line) });
  const stream = output.stream();
  for (const chunk of ['one sesame-open, two sesa', 'me-open\n']) stream.push(Buffer.from(chunk));
  stream.end();
  output.close();
  const masked = 'one ***, two ***';
  expect([output.tail, said, readFileSync(outputFile, 'utf8')]).toEqual([[masked], [masked], `${masked}\n`]);
  rmSync(folder, { recursive: true });
});
