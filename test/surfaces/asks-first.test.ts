import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Operation } from "../../src/doors/operation.ts";
import { flagsOf } from "../../src/surfaces/cli/options.ts";
import { cliAgainst } from "./cli-harness.ts";
import { loopback } from "./loopback.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const rows = operationRows(readSettings({})).filter(({ cli }) => cli !== undefined);

/** The real table, whose every row says that it was carried out. */
async function app(options: Parameters<typeof cliAgainst>[2] = {}) {
  const done: string[] = [];
  const told: Operation[] = rows.map((row) => ({
    ...row,
    run: async () => {
      if (row.name === "whoAmI")
        return { body: { agent_id: "the-default", principal: null, identity: "local", roles: [], may: [] } };
      done.push(row.name);
      return { body: { success: true, is_active: true, deployment_id: "dep-1", run_id: "run-1" } };
    },
  }));
  const door = await loopback(told);
  stops.push(() => door.stop());
  return { done, url: door.url, lightning: cliAgainst(told, door.url, options) };
}

/** A command line as the row's own example has it. */
function lineOf(row: Operation): string[] {
  const words = (row.cli ?? "").split(" ");
  if (row.name === "decidePipeline") return [...words, "--pipeline-id", "pipeline-123", "--approve"];
  const given = flagsOf(row)
    .filter(({ hidden }) => !hidden)
    .flatMap(({ name, path }) => {
      const value = row.example[path[0] ?? ""];
      if (path.length > 1 || value === undefined || path[0] === "dry_run") return [];
      return [`--${name}`, String(value)];
    });
  const isDryByDefault = flagsOf(row).some(({ name }) => name === "dry-run");
  return [...words, ...given, ...(isDryByDefault ? ["--no-dry-run"] : [])];
}

/** By the table: what destroys, and what moves the pointer to the serving model. */
const MOVES = ["promote", "decidePipeline"];
const asking = rows.filter(({ effect, name }) => effect === "destroy" || MOVES.includes(name));
const named = asking.map((row) => [row.cli ?? "", row] as const);

describe("a command that destroys, or moves what serves", () => {
  test("is one of these, and no other has --yes but what pays", () => {
    expect(asking.map(({ name }) => name).toSorted()).toEqual([
      "cancelDataset",
      "cancelTraining",
      "cleanUpDeployments",
      "cleanUpTraining",
      "deactivate",
      "decidePipeline",
      "promote",
      "rescanEpisodes",
      "rollback",
    ]);
  });

  test.each(named)("%s wants --yes where nobody can be asked, and does nothing", async (_name, row) => {
    const { lightning, done } = await app();
    const run = await lightning(...lineOf(row));
    expect([run.code, run.connections, done]).toEqual([1, 0, []]);
    expect(run.err).toMatch(/not_confirmed[\s\S]*--yes/);
    const json = await lightning(...lineOf(row), "--json");
    expect([json.code, json.connections, done]).toEqual([1, 0, []]);
    expect(JSON.parse(json.out)).toMatchObject({ error: { code: "not_confirmed" } });
  });

  test.each(named)("%s --json does not ask on a terminal either: it wants --yes", async (_name, row) => {
    const { lightning, done } = await app({ answer: true });
    expect([(await lightning(...lineOf(row), "--json")).code, done]).toEqual([1, []]);
  });

  test.each(named)("%s names agent and place before it asks; no is the end of it", async (_name, row) => {
    const no = await app({ answer: false });
    const refused = await no.lightning(...lineOf(row));
    expect([refused.code, no.done]).toEqual([1, []]);
    expect(refused.out).toContain(row.summary);
    expect(refused.out).toContain("⛔ Nothing was done.");
    const agent = "agent_id" in row.input.shape ? /agent '(mcp-agents|the-default)'/ : /all agents/;
    const question = refused.out.split("\n").find((line) => line.endsWith("?"));
    expect(question).toMatch(agent);
    expect(question).toContain(`${row.cli} for `);
    expect(question).toContain(` on this machine's host at ${no.url}?`);
    const yes = await app({ answer: true });
    await yes.lightning(...lineOf(row));
    expect(yes.done).toEqual([row.name]);
  });

  test.each(named)("%s --yes is done unasked, and still says where", async (_name, row) => {
    const { lightning, done, url } = await app();
    const { out } = await lightning(...lineOf(row), "--yes");
    expect(done).toEqual([row.name]);
    expect(out).toContain(`On: this machine's host at ${url}`);
    const quiet = await app();
    const { out: json } = await quiet.lightning(...lineOf(row), "--yes", "--json");
    expect([quiet.done, typeof JSON.parse(json)]).toEqual([[row.name], "object"]);
  });

  test("names the app's own agent where the command names none", async () => {
    const { lightning } = await app({ answer: false });
    expect((await lightning("deactivate")).out).toContain("deactivate for agent 'the-default'");
  });

  test("is not asked about when it is a dry run, or a rejection, which moves nothing", async () => {
    const { lightning, done } = await app();
    await lightning("clean-up-training");
    await lightning("clean-up-deployments", "--dry-run");
    await lightning("approve", "--pipeline-id", "pipeline-1", "--reject");
    expect(done).toEqual(["cleanUpTraining", "cleanUpDeployments", "decidePipeline"]);
  });

  test("is told from the others by its row alone: every other command is never asked about", async () => {
    const { lightning } = await app();
    for (const row of rows.filter((one) => !asking.includes(one) && one.name !== "startTraining"))
      expect([row.cli, (await lightning(...(row.cli ?? "").split(" "), "--help")).out]).toEqual([
        row.cli,
        expect.not.stringMatching(/^ +--yes/m),
      ]);
  });

  test("has reason and person as options where its row has them", () => {
    for (const name of ["rollback", "deactivate"]) {
      const row = rows.find((one) => one.name === name) as Operation;
      expect(flagsOf(row).map((flag) => flag.name)).toContain("reason");
    }
  });
});

describe("--endpoint", () => {
  test("is an option of every command and goes before the settings", async () => {
    const asked: (string | undefined)[] = [];
    const { lightning } = await app({ onConnect: (endpoint) => asked.push(endpoint) });
    for (const row of rows)
      expect((await lightning(...(row.cli ?? "").split(" "), "--help")).out).toContain("--endpoint <url>");
    await lightning("list-runs", "--endpoint", "https://example.test/api");
    await lightning("list-runs");
    expect(asked).toEqual(["https://example.test/api", undefined]);
  });

  test("is named in the question", async () => {
    const { lightning, url } = await app({ answer: false });
    const { out } = await lightning("deactivate", "--agent-id", "support", "--endpoint", "https://a.test");
    expect(out).toContain(`deactivate for agent 'support' on ${url}?`);
  });

  test("that is no address is wrong usage", async () => {
    const { lightning } = await app();
    const run = await lightning("list-runs", "--endpoint", "nowhere", "--json");
    expect([run.code, run.connections]).toEqual([2, 0]);
    expect(JSON.parse(run.out)).toMatchObject({ error: { code: "wrong_usage" } });
  });
});

test("the exit codes and --yes are in the README", () => {
  const readme = readFileSync("README.md", "utf8");
  expect(readme).toContain("--yes");
  expect(readme).toContain("--endpoint");
});
