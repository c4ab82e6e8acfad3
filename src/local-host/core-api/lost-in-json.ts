import { types } from "node:util";

/**
 * In what way a function's result is not what its caller will get; undefined when nothing is amiss. Only the outermost
 * value is looked at: that is where it costs nothing.
 */
export function lostInJson(result: unknown): string | undefined {
  if (typeof result === "number" && !Number.isFinite(result)) return `${result}, which becomes null`;
  if (types.isMap(result) || types.isSet(result))
    return `a ${types.isMap(result) ? "Map" : "Set"}, of which JSON keeps nothing: {}`;
  if (types.isNativeError(result)) return "an Error, of which JSON keeps nothing: {}; throw it instead";
  return undefined;
}
