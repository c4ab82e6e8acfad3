import { A_VALUE, type Meaning, nameMeaning, PLAIN } from "./labels/names.ts";

/** What stands beside a value in JSON and says what it is, when the member's own name doesn't. */

/** Members that hold a name whose value is another member: compared without case and separators. */
const NAME_MEMBER =
  /^(?:name|key|id|label|title|field|header|variable|property|attribute|setting|parameter|param|keyname|fieldname|headername|(?:secret|parameter|setting|variable|option|property|attribute)(?:name|key))$/;
const LONGEST_NAME = 64;
const simple = (key: string) => (/[^a-z]/.test(key) ? key.toLowerCase().replace(/[^a-z]/g, "") : key);

/**
 * What a member says of its value: `{"Name": "/prod/db/password", "Value": …}` says it in two, an input of a form by
 * its type.
 */
export function memberMeaning(object: Record<string, unknown>, key: string): Meaning {
  const own = nameMeaning(key);
  if (own === A_VALUE) return pairMeaning(object);
  // What a model was about to say, piece by piece.
  return key === "token" && "logprob" in object ? PLAIN : own;
}

function pairMeaning(object: Record<string, unknown>): Meaning {
  if (object.type === "password") return nameMeaning("password");
  for (const key of Object.keys(object)) {
    const name = object[key];
    if (
      typeof name !== "string" ||
      name.length > LONGEST_NAME ||
      key.length > 24 ||
      !NAME_MEMBER.test(simple(key))
    )
      continue;
    const meaning = nameMeaning(name);
    if (meaning.strength !== "plain") return meaning;
  }
  return PLAIN;
}

/** An option of a command line, whose value is the next string: `["--password", "…"]`. */
const OPTION = /^--?[A-Za-z]/;
/** Names of headers with a hyphen, which are no words of a list of something else. */
const HEADER = /^[A-Za-z]+(?:-[A-Za-z]+)+$|^authorization$|^cookie$/i;

/** What the element before says: `["--password", "…"]`, `["Authorization", "…"]`, and lists in which names and values take turns. */
export function namedBefore(items: readonly unknown[], index: number): Meaning {
  const before = index > 0 ? items[index - 1] : undefined;
  if (typeof before !== "string" || before.length > LONGEST_NAME) return PLAIN;
  if (items.length === 2 || OPTION.test(before)) return nameMeaning(before);
  return items.length % 2 === 0 && index % 2 === 1 && HEADER.test(before) ? nameMeaning(before) : PLAIN;
}

/** Lists of names, not of names and values: a JSON Schema's `required`, a query's columns. */
const NAMES = new Set([
  "required",
  "enum",
  "fields",
  "columns",
  "keys",
  "select",
  "attributes",
  "properties",
  "scopes",
  "tags",
  "order",
]);

export const isListOfNames = (key: string, value: readonly unknown[]): value is string[] =>
  NAMES.has(key) && value.length <= 100 && value.every((one) => typeof one === "string");

const COLUMNS = ["columns", "fields", "header", "headers", "columnNames", "column_names", "schema", "names"];
const ROWS = new Set(["rows", "data", "values", "records", "results"]);

/** By column, what rows beside a list of columns hold; undefined when there is none, or none that names a secret. */
export function rowMeanings(
  object: Record<string, unknown>,
  key: string,
  rows: readonly unknown[],
): Meaning[] | undefined {
  if (!ROWS.has(key) || !Array.isArray(rows[0])) return undefined;
  const columns = COLUMNS.map((name) => object[name]).find((one) => Array.isArray(one));
  if (columns === undefined) return undefined;
  const meanings = (columns as unknown[]).map((column) => {
    const name =
      typeof column === "object" && column !== null ? (column as Record<string, unknown>).name : column;
    return typeof name === "string" && name.length <= LONGEST_NAME ? nameMeaning(name) : PLAIN;
  });
  return meanings.some(({ strength }) => strength !== "plain") ? meanings : undefined;
}
