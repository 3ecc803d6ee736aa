// What runs against what is wanted, for every runtime: the components and what they are made of.
import type { ComponentImage } from '../model/receipt.ts';
import type { RunningComponent } from './runtime.ts';

/** One sentence a difference. @param optional components that need not be there. */
export function imageDifferences(
  wanted: readonly ComponentImage[],
  running: readonly RunningComponent[],
  optional: ReadonlySet<string> = new Set(),
): string[] {
  const differences = wanted.flatMap((image) => {
    const component = running.find((each) => each.name === image.component);
    if (component === undefined) return optional.has(image.component) ? [] : [`${image.component} does not run`];
    return component.imageId === image.id
      ? []
      : [`${image.component} runs ${short(component.imageId)}, ${image.ref} is ${short(image.id)}`];
  });
  const extra = running.filter((each) => !wanted.some((image) => image.component === each.name));
  return [...differences, ...extra.map((each) => `${each.name} runs, but is not in the service's files`)];
}

const short = (id: string): string =>
  id === '' ? 'not here' : id.replace(/^(sha256:|tree:)?([0-9a-f]{12})[0-9a-f]+$/, '$1$2');
