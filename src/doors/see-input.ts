/** What to do about an input that is refused. Each door says it of its own form of the operation (`door-words.ts`). */
export const seeInputOf = (operation: string): string => `See the input of \`${operation}\`.`;
