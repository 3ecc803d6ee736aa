import { expect, test } from 'bun:test';
import { remembering } from './remember.ts';

test('each text is asked for once, also where there is no answer, until there are too many', () => {
  const asked: string[] = [];
  const lengthOf = remembering(2, (text) => {
    asked.push(text);
    return text === '' ? undefined : text.length;
  });
  expect(['', 'a', '', 'a'].map(lengthOf)).toEqual([undefined, 1, undefined, 1]);
  expect(asked).toEqual(['', 'a']);
  expect(['bb', 'bb', 'a'].map(lengthOf)).toEqual([2, 2, 1]);
  expect(asked).toEqual(['', 'a', 'bb', 'a']);
});

test('what throws is asked for again', () => {
  let fails = true;
  const read = remembering(2, (text) => {
    if (fails) throw new Error(text);
    return text;
  });
  expect(() => read('a')).toThrow('a');
  fails = false;
  expect(read('a')).toBe('a');
});
