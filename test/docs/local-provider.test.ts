import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "@jest/globals";
import { CHAT_PARAMETERS } from "../../src/local-provider/chat-parameters.ts";

it("docs/local-provider.md says of each parameter what becomes of it", () => {
  const text = readFileSync(path.resolve(import.meta.dirname, "../../docs/local-provider.md"), "utf8");
  const told = [...text.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, name, effect]) => [name, effect]);
  expect(told).toEqual(Object.entries(CHAT_PARAMETERS).map(([name, { effect }]) => [name, effect]));
});
