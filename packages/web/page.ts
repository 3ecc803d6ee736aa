// The page itself: a title and what api says.
/** @param title from .env. @param summary api's answer. @returns HTML with both escaped. */
export function page(title: string, summary: string): string {
  const safe = (text: string) => Bun.escapeHTML(text);
  return `<!doctype html><meta charset="utf-8"><title>${safe(title)}</title><h1>${safe(title)}</h1><pre>${safe(summary)}</pre>\n`;
}
