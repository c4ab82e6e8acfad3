import { randomUUID } from "node:crypto";
import type { Parse } from "./rows.ts";

/** Entries of the cache for one field: an agent offers one list of tools, or a few. */
const MOST = 4;

interface Known {
  /** The member as it stands in a document's text: `"field":` and the value's JSON. */
  readonly text: string;
  readonly value: object;
}

/**
 * Parses documents of which many hold the same value in one field: a value met before is cut out of the text, and one
 * object stands in all documents. Half of an episode is its tools, and parsing them costs more than the rest of it.
 */
export function sharingParser(): (field: string) => Parse {
  const parsers = new Map<string, Parse>();
  return (field) => {
    const known = parsers.get(field) ?? parserOf(field);
    parsers.set(field, known);
    return known;
  };
}

function parserOf(field: string): Parse {
  // No document holds it, so where it stands after parsing, the cut was made there and not in a member of a member.
  const mark = randomUUID();
  const name = `${JSON.stringify(field)}:`;
  const known: Known[] = [];

  return (text) => {
    // A quote inside a string is escaped, so this can only be the name of a member, at some depth.
    const at = text.indexOf(name);
    const found = at < 0 ? undefined : known.find((one) => text.startsWith(one.text, at));
    if (found !== undefined) {
      const rest = text.slice(at + found.text.length);
      const document = JSON.parse(`${text.slice(0, at)}${name}"${mark}"${rest}`) as Record<string, unknown>;
      if (document[field] === mark) {
        document[field] = found.value;
        return document;
      }
    }
    const document = JSON.parse(text) as Record<string, unknown>;
    const value = document[field];
    if (found === undefined && typeof value === "object" && value !== null) {
      known.unshift({ text: name + JSON.stringify(value), value });
      if (known.length > MOST) known.pop();
    }
    return document;
  };
}
