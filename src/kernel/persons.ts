import { foldedName } from "./names.ts";

/**
 * A signed-in person or application as records name it: `ada@example.com (0f3c…)`. The name is for people, and may be
 * changed or given to two; the object id in brackets tells persons apart. Records of earlier versions, and names that a
 * body gives where nobody is signed in, have no id.
 */
export interface Person {
  readonly name: string;
  /** Object id in Microsoft Entra ID, in lower case. */
  readonly id?: string | undefined;
}

const WITH_ID = /^(.*?)\s*\(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)\s*$/is;
/** Records have room for 200 characters; the id takes 39 of them. */
const MOST_NAME = 160;

export function readPerson(text: string): Person {
  const [, name, id] = WITH_ID.exec(text) ?? [];
  return name === undefined || id === undefined ? { name: text } : { name, id: id.toLowerCase() };
}

/** A name that ends like an id says nothing of one: only `id` does. */
export function personText({ name, id }: Person): string {
  const shown = readPerson(name).name.slice(0, MOST_NAME).trim() || "unnamed";
  const text = id === undefined ? shown : `${shown} (${id.toLowerCase()})`;
  return id === undefined && readPerson(text).id !== undefined ? "unnamed" : text;
}

/** What tells a person apart: the id, else the name without its case. */
export const personKey = (text: string | undefined): string => {
  const { name, id } = readPerson(text ?? "");
  return id ?? foldedName(name);
};

/** The name alone, without its case: what a record that has no id can be compared by. */
export const personName = (text: string | undefined): string => foldedName(readPerson(text ?? "").name);

/** By the ids where both have one; a record without one means whoever has its name. */
export function isSamePerson(a: string, b: string): boolean {
  const [one, other] = [readPerson(a), readPerson(b)];
  if (one.id !== undefined && other.id !== undefined) return one.id === other.id;
  return foldedName(one.name) === foldedName(other.name);
}
