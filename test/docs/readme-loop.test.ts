import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { openWorld, type World } from "../scenarios/world.ts";
import { cliAgainst } from "../surfaces/cli-harness.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const readme = readFileSync(path.join(ROOT, "README.md"), "utf8");
const block = /### Command line\n\n```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";

let world: World;
let url = "";
/** The app's door, with a clock that runs while an answer is waited for. */
const door = createServer((request, response) => {
  const answer = async () => {
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const { method = "GET", url: address = "/" } = request;
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
    const body = method === "GET" ? {} : { body: Buffer.concat(pieces) };
    // A person looks again later: what was begun has gone on meanwhile.
    if (method === "GET") await world.settle();
    const reply = await world.fetch(address, { method, headers, ...body });
    response.writeHead(reply.status, { "content-type": "application/json" }).end(await reply.text());
  };
  answer().catch((thrown: unknown) => response.writeHead(500).end(String(thrown)));
});
beforeAll(async () => {
  world = await openWorld({});
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
});
afterAll(async () => {
  door.closeAllConnections();
  await new Promise((resolve) => door.close(resolve));
  await world.close();
});

/** The words of a shell line: comments go, quotes hold words together, variables have what was printed. */
function wordsOf(line: string, variables: ReadonlyMap<string, string>): string[] {
  return [...line.replace(/ +#.*$/, "").matchAll(/"([^"]*)"|(\S+)/g)].map((match) =>
    (match[1] ?? match[2] ?? "").replaceAll(/\$([A-Z]+)/g, (_all, name: string) => variables.get(name) ?? ""),
  );
}

test("README's loop by hand can be walked as it is written, by a person at a terminal", async () => {
  const file = /--file (\S+)/.exec(block)?.[1] ?? "";
  const lightning = cliAgainst(operationRows(readSettings({})), url, {
    files: { [file]: readFileSync(path.join(ROOT, file), "utf8") },
    answer: true,
  });
  const variables = new Map<string, string>();
  const ended: [string, number][] = [];
  let printed = "";
  for (const line of block.trim().split("\n")) {
    const variable = /^([A-Z]+)=(\w+-)…/.exec(line);
    if (variable !== null) {
      const id = new RegExp(`ID: (${variable[2]}[\\w-]+)`).exec(printed)?.[1];
      expect([line, id]).toEqual([line, expect.any(String)]);
      variables.set(variable[1] ?? "", id ?? "");
      continue;
    }
    const [npx, command, ...words] = wordsOf(line, variables);
    expect([npx, command]).toEqual(["npx", "lightning"]);
    const run = await lightning(...words);
    printed = run.out;
    ended.push([`${words[0]} ${run.err}`.trim(), run.code]);
  }
  expect(ended).toEqual([
    ["record", 0],
    ["reward", 0],
    ["build-dataset", 0],
    ["train", 0],
    ["evaluate", 0],
    ["promote", 0],
    ["rollback", 0],
    ["lineage", 0],
    ["health", 0],
  ]);
}, 120_000);
