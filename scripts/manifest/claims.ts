// Where in a manifest's text its ports and its compose project stand, for a look whether it could be in another one's way.

const SECTIONS = /^(?:requirements|compose):.*\n?(?:(?:[ #-].*)?\n)*(?:[ #-].*)?/gm;

/**
 * @param text of a manifest that a glance was sure of.
 * @returns the lines that hold all that crossRules compares (name apart), or the whole text where an alias could bring it from elsewhere.
 */
export function claimsOf(text: string): string {
  const said = (text.match(SECTIONS) ?? []).join('');
  return said.includes('*') ? text : said;
}
