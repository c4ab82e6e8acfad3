import { DEEPEST_JSON, placeDeeperThan } from "../../kernel/depth.ts";
import { parseExact, repeatedKey } from "../../kernel/exact-json.ts";
import { type Fields, isFields } from "../common/fields.ts";

/** Absent: nothing is lost with it. Dumps of SDKs name every field that might have been. */
export const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** Why a row of a known shape cannot be read, and where. */
export class Unreadable extends Error {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** One object of a row: its keys are taken by whoever reads it, and those nobody took can be told. */
export class Part {
  readonly fields: Fields;
  readonly at: string;
  readonly harmless: ReadonlySet<string>;
  readonly taken = new Set<string>();

  constructor(fields: Fields, at: string, harmless: ReadonlySet<string>) {
    this.fields = fields;
    this.at = at;
    this.harmless = harmless;
  }

  place(key: string): string {
    return this.at === "" ? key : `${this.at}.${key}`;
  }

  /** The value of a key, which counts as read; undefined: absent or empty. */
  take(key: string): unknown {
    this.taken.add(key);
    const value = Object.hasOwn(this.fields, key) ? this.fields[key] : undefined;
    return isEmpty(value) ? undefined : value;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.fields, key) && !isEmpty(this.fields[key]);
  }

  /** The first of the keys that has a value. */
  first(...keys: readonly string[]): string | undefined {
    return keys.find((key) => this.has(key));
  }

  /** @throws Unreadable when the key's value is no text */
  text(key: string): string | undefined {
    const value = this.take(key);
    if (value === undefined || typeof value === "string") return value;
    throw new Unreadable(this.place(key), `\`${key}\` is not a text.`);
  }
}

/** The objects of one row that were opened, with what of each was read. */
export class Reading {
  readonly #parts: Part[] = [];

  open(fields: Fields, at: string, harmless: ReadonlySet<string> = new Set()): Part {
    const part = new Part(fields, at, harmless);
    this.#parts.push(part);
    return part;
  }

  /** Paths of keys that hold something and were neither read nor may be dropped. */
  unread(): string[] {
    return this.#left((part, key) => !part.harmless.has(key)).map(([part, key]) => part.place(key));
  }

  /** Names of keys that are dropped: ids, times and the like. */
  dropped(): string[] {
    return [...new Set(this.#left((part, key) => part.harmless.has(key)).map(([, key]) => key))];
  }

  #left(which: (part: Part, key: string) => boolean): [Part, string][] {
    return this.#parts.flatMap((part) =>
      Object.keys(part.fields)
        .filter((key) => !part.taken.has(key) && part.has(key) && which(part, key))
        .map((key): [Part, string] => [part, key]),
    );
  }
}

/** The object or list that a text holds as JSON, as cells of a table and attributes of a span do; else the value. */
export function unfolded(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    // Numbers too long for a double stay a text, and so does what has one key twice or is bottomless.
    const parsed = parseExact(value);
    if (placeDeeperThan(DEEPEST_JSON, parsed) !== undefined) return value;
    return repeatedKey(value, parsed) === undefined ? parsed : value;
  } catch {
    return value;
  }
}

export const listOf = (value: unknown): readonly unknown[] | undefined => {
  const list = unfolded(value);
  return Array.isArray(list) ? (list as unknown[]) : undefined;
};

export const fieldsOf = (value: unknown): Fields | undefined => {
  const fields = unfolded(value);
  return isFields(fields) ? fields : undefined;
};
