import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import {
  errorInDoorWords,
  inDoorWords,
  itemsInDoorWords,
  REST_WORDS,
} from "../../src/surfaces/door-words.ts";
import { mcpTools } from "../../src/surfaces/mcp-tools.ts";
import { mcpWords } from "../../src/surfaces/mcp-words.ts";
import { cliAgainst } from "./cli-harness.ts";
import { fakeOperations } from "./fake-operations.ts";
import { loopback } from "./loopback.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const rows = operationRows(readSettings({}));
const named = new Set(rows.map(({ name }) => name));

/** What one door says and others have not. */
const OF_A_DOOR =
  /\b(?:GET|POST) \/|openapi|API description|Idempotency-Key|`lightning [a-z]|(?:^|\s)--[a-z]|\bPrefer\b/;
/** Commands that are no operations: no other door has them. */
const COMMANDS_ALONE = /`lightning (?:provision|import)\b[^`]*`/g;
/** Rooms that are one door's own, or a program of their own. */
const DOORS = /^src\/(?:surfaces\/(?:cli|door-words|mcp-stdio)|local-host|local-provider|sdk|capture|start)/;

/** Every sentence in the sources of rooms that make errors, but for what describes a schema, a row or a setting. */
function* sentences(): Generator<[place: string, text: string]> {
  for (const file of fs.readdirSync(path.join(ROOT, "src"), { recursive: true, encoding: "utf8" })) {
    const name = `src/${file.replaceAll(path.sep, "/")}`;
    if (!name.endsWith(".ts") || DOORS.test(name)) continue;
    const source = fs.readFileSync(path.join(ROOT, name), "utf8");
    if (!source.includes("remed")) continue;
    const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    for (const { 1: before = "", 3: text = "" } of code.matchAll(/(\w+:\s*)?(["`])((?:(?!\2)[^\\]|\\.)*)\2/g))
      if (/[a-z] [a-z]/.test(text) && !/^(?:description|summary|meaning)/.test(before))
        yield [name, text.replaceAll("\\`", "`")];
  }
}

test("remedies speak of operations by their names in backticks, and of no door's own words", () => {
  const all = [...sentences()];
  expect(all.length).toBeGreaterThan(300);
  const wrong = all.filter(([, text]) => {
    // The header's name is put right where there are no headers.
    const told = text.replaceAll(COMMANDS_ALONE, "").replaceAll("Idempotency-Key", "");
    const bare = told.replaceAll(/`\w+`/g, "");
    return (
      OF_A_DOOR.test(told) ||
      [...named].some((name) => /[A-Z]/.test(name) && new RegExp(`\\b${name}\\b`).test(bare))
    );
  });
  expect(wrong).toEqual([]);
});

describe("what an error says of an operation", () => {
  const tools = mcpTools({ operations: rows });
  const words = mcpWords(tools, "lightning_train", new Set(["core"]));

  test.each(rows)("$name is said over MCP by its tool, over REST by its address", ({ name, rest, mcp }) => {
    const text = `\`${name}\` shows it. See the input of \`${name}\`.`;
    const onRest = inDoorWords(text, REST_WORDS);
    expect(onRest).toContain(`${name} (${rest.method} /api/lightning${rest.path}) shows it.`);
    const onMcp = inDoorWords(text, words);
    expect(onMcp).not.toMatch(OF_A_DOOR);
    expect(onMcp).toContain(mcp?.[0] ?? "no tool");
  });

  it("names the set of a tool that the client is not shown, and the name that it called", () => {
    expect(inDoorWords("`listTrainingRuns` shows them.", words)).toBe(
      "lightning_list_training_runs (of the tool set train) shows them.",
    );
    expect(inDoorWords("`listEpisodes` shows them.", words)).toBe("lightning_list_episodes shows them.");
    const alias = mcpWords(tools, "lightning_start_training", new Set(["all"]));
    expect(inDoorWords("See the input of `startTraining`.", alias)).toBe(
      "See the input schema of the tool lightning_start_training.",
    );
  });

  it("leaves other words in backticks alone, and names the field where there is no header", () => {
    expect(inDoorWords("Give `last` or `all`.", words)).toBe("Give `last` or `all`.");
    const fault = { code: "x", message: "This Idempotency-Key was used.", field: "Idempotency-Key" };
    expect(errorInDoorWords(fault, words)).toEqual({
      code: "x",
      message: "This idempotency_key was used.",
      field: "idempotency_key",
    });
    expect(errorInDoorWords(fault, REST_WORDS)).toEqual(fault);
  });

  it("is said so of each of many items, too", () => {
    const error = { code: "x", message: "No.", remedy: "See the input of `recordEpisodes`." };
    const body = { failed: 1, results: [{ index: 0 }, { index: 1, error }] };
    expect(JSON.stringify(itemsInDoorWords(body, words))).toContain("the tool lightning_record_episode");
    const fine = { results: [{ index: 0 }] };
    expect(itemsInDoorWords(fine, words)).toBe(fine);
  });
});

describe("one fault at three doors", () => {
  const { operations } = fakeOperations();
  let door: Awaited<ReturnType<typeof loopback>>;
  beforeAll(async () => {
    door = await loopback(operations);
  });
  afterAll(() => door.stop());

  const overMcp = async (name: string, args: object) => {
    const response = await fetch(`${door.url}/api/mcp`, {
      method: "POST",
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name, arguments: args },
      }),
    });
    const { result } = (await response.json()) as {
      result: { isError: boolean; content: { text: string }[] };
    };
    expect(result).not.toHaveProperty("structuredContent");
    return result.content[0]?.text ?? "";
  };

  it("that names another operation is told in each one's words", async () => {
    const rest = await fetch(`${door.url}/api/lightning/training/run-none?agent_id=a`);
    expect(((await rest.json()) as { error: { remedy: string } }).error.remedy).toBe(
      "listTrainingRuns (GET /api/lightning/training) shows the ones there are; check agent_id too.",
    );
    expect(await overMcp("lightning_training_status", { run_id: "run-none" })).toContain(
      "Remedy: lightning_list_training_runs (of the tool set train) shows the ones there are; check agent_id too.",
    );
    const cli = await cliAgainst(operations, door.url)("status", "--run-id", "run-none");
    expect(cli.err).toContain("Remedy: `lightning list-runs` shows the ones there are;");
  });

  it("of the input leads to what each one can read", async () => {
    const rest = await fetch(`${door.url}/api/lightning/datasets`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(await rest.text()).toContain("(GET /api/lightning/openapi.json)");
    const text = await overMcp("lightning_build_dataset", {});
    expect(text).toContain("Remedy: See the input schema of the tool lightning_build_dataset.");
    expect(text).not.toMatch(OF_A_DOOR);
    const cli = await cliAgainst(operations, door.url)("build-dataset", "--name", "v1", "--min-reward", "7");
    expect(cli.err).toContain("See `lightning build-dataset --help`.");
  });
});
