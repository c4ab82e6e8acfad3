import { statSync } from "node:fs";
import path from "node:path";
import { homeFolder } from "./home-folder.ts";
import type { Parse } from "./setting.ts";

/** A folder that is there or can be made: what stands at its place, or above it, is no file. @throws Error otherwise */
export const folder: Parse<string> = (text) => {
  let place = homeFolder({ home: onOneLine(text) });
  let found = statSync(place, { throwIfNoEntry: false });
  while (found === undefined && path.dirname(place) !== place) {
    place = path.dirname(place);
    found = statSync(place, { throwIfNoEntry: false });
  }
  if (found !== undefined && !found.isDirectory()) throw new Error(`must be a folder; ${place} is a file`);
  return text;
};

/** A file that is there. @throws Error otherwise */
export const file: Parse<string> = (text) => {
  if (statSync(path.resolve(onOneLine(text)), { throwIfNoEntry: false })?.isFile() !== true)
    throw new Error("must be a file that is there");
  return text;
};

function onOneLine(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new Error("must be a path, without line breaks");
  return text;
}
