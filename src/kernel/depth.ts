/**
 * Levels of objects and arrays that a JSON value may have when it comes from outside. The ledger takes 128 (Cosmos DB's
 * own limit), which leaves room for what records put around it; lines of a dataset take as many as this.
 */
export const DEEPEST_JSON = 100;

/**
 * Where a value has more than `most` levels of objects and arrays: the names on the way down; undefined: it has not. Ends
 * at the level after `most`, however deep the value is, so that cycles end too. A text is no level, also when it holds JSON.
 */
export function placeDeeperThan(most: number, value: unknown): (string | number)[] | undefined {
  const path = deeper(value, most);
  return path?.toReversed();
}

/** The path is built on the way out of what is too deep only: nearly every value costs no list. */
function deeper(value: unknown, left: number): (string | number)[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (left === 0) return [];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const below = deeper(value[i], left - 1);
      if (below !== undefined) return onWay(below, i);
    }
    return undefined;
  }
  for (const name in value) {
    if (!Object.hasOwn(value, name)) continue;
    const below = deeper((value as Record<string, unknown>)[name], left - 1);
    if (below !== undefined) return onWay(below, name);
  }
  return undefined;
}

function onWay(path: (string | number)[], step: string | number): (string | number)[] {
  path.push(step);
  return path;
}

/** Steps of a path that are shown: the rest of a bottomless value tells nothing. */
const STEPS_SHOWN = 12;
const LONGEST_STEP = 60;

/** A place as errors name it, `messages.0.role`: with an ellipsis for what a person would not read. */
export function placeText(path: readonly PropertyKey[]): string {
  const steps = path.slice(0, STEPS_SHOWN).map((step) => {
    const text = String(step);
    return text.length > LONGEST_STEP ? `${text.slice(0, LONGEST_STEP)}…` : text;
  });
  return `${steps.join(".")}${path.length > STEPS_SHOWN ? ".…" : ""}`;
}
