/** A name as it is stored: no space around it, and an empty one is none. */
export function canonicalName(name: string | undefined): string | undefined {
  const trimmed = name?.normalize("NFC").trim();
  return trimmed === "" ? undefined : trimmed;
}

/** Names of people and evaluators are compared without case: `Alice` and `alice` are one. */
export const foldedName = (name: string | undefined): string => canonicalName(name)?.toLowerCase() ?? "";
