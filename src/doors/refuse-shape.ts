import { DEEPEST_JSON, placeDeeperThan, placeText } from "../kernel/depth.ts";
import { invalid, type LightningError } from "../kernel/errors.ts";
import { hasMoreValues, MOST_VALUES } from "../kernel/width.ts";

/**
 * Before anything else looks at a value: schemas, copies and JSON itself go down as deep as it does, until the stack ends,
 * and walk every value that it holds, while everybody else waits.
 * @throws invalid `too_deep` with the beginning of the path; `too_many_values`
 */
export function refuseShape(value: unknown, deepest = DEEPEST_JSON): void {
  const refused = markOf(value) ?? faultOf(value, deepest);
  if (refused !== undefined) throw refused;
}

/**
 * Many items of which each is refused for itself: of one that is too deep or too wide only plain members stay, with a mark
 * that `refuseShape` finds; so nobody on the way to it walks into what is bottomless.
 */
export function oddShapesMarked(items: readonly unknown[]): unknown[] {
  return items.map((item) => {
    const refused = faultOf(item, DEEPEST_JSON);
    if (refused === undefined) return item;
    const plain = Array.isArray(item) ? [] : Object.entries(item as object);
    return {
      ...Object.fromEntries(
        plain.filter(([, member]) => typeof member !== "object").slice(0, MOST_PLAIN_MEMBERS),
      ),
      [MARK]: refused,
    };
  });
}

/** More than any item that is taken has. */
const MOST_PLAIN_MEMBERS = 100;

const MARK = Symbol("refused for its shape");
const markOf = (value: unknown): LightningError | undefined =>
  (value as { [MARK]?: LightningError } | null | undefined)?.[MARK];

/** What stands in the place of an item of many that was refused before it was read. */
export const refusedItem = (refused: LightningError): object => ({ [MARK]: refused });

function faultOf(value: unknown, deepest: number): LightningError | undefined {
  const place = placeDeeperThan(deepest, value);
  if (place !== undefined) return tooDeep(place, deepest);
  return hasMoreValues(value, MOST_VALUES) ? tooManyValues(MOST_VALUES) : undefined;
}

function tooDeep(place: readonly (string | number)[], most: number): LightningError {
  const field = placeText(place);
  return invalid("too_deep", `${field} goes more than ${most} levels of objects and arrays deep.`, {
    field,
    remedy: "Flatten the value, or send what is deep in it as a text.",
  });
}

/** What is refused for how many members and items it holds, at every depth together. */
export const tooManyValues = (most: number): LightningError =>
  invalid("too_many_values", `It holds more than ${most} values: members of objects and items of arrays.`, {
    remedy: "Send it in parts, or send what is large in it as a text.",
  });
