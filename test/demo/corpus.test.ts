import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { readCorpus, toolNames } from "../../demo/corpus.ts";
import { createSandbox } from "../../demo/sandbox.ts";
import { mcpServers } from "../../demo/servers.ts";
import { type ToolOutcome, verify } from "../../demo/verify.ts";

const corpus = readCorpus();
const normal = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

describe("the demo's requests", () => {
  it("are at least 560 different ones in at least 290 groups of one to three", () => {
    expect(corpus.length).toBeGreaterThanOrEqual(560);
    expect(new Set(corpus.map((one) => normal(one.text))).size).toBe(corpus.length);
    expect(new Set(corpus.map((one) => one.id)).size).toBe(corpus.length);
    const sizes = new Map<string, number>();
    for (const { group } of corpus) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    expect(sizes.size).toBeGreaterThanOrEqual(290);
    expect(Math.max(...sizes.values())).toBeLessThanOrEqual(3);
  });

  it("never name the tool that is expected", () => {
    const telling = corpus.filter(({ text, expect: { tool } }) =>
      text.toLowerCase().includes(tool.toLowerCase()),
    );
    expect(telling.map((one) => one.text)).toEqual([]);
  });
});

describe("the demo's requests on the official servers", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "lightning-corpus-"));
  const sandbox = createSandbox(folder, corpus);
  const names = toolNames(corpus);
  const owners = new Map<string, Client>();
  const clients: Client[] = [];

  beforeAll(async () => {
    sandbox.reset();
    const { mcpServers: servers } = mcpServers(sandbox, names);
    await Promise.all(
      Object.values(servers).map(async ({ command, args, env, cwd }) => {
        const client = new Client({ name: "corpus-test", version: "1" });
        await client.connect(
          new StdioClientTransport({ command, args: [...args], env: { ...env }, cwd, stderr: "ignore" }),
        );
        clients.push(client);
        for (const { name } of (await client.listTools()).tools) owners.set(name, client);
      }),
    );
  }, 30_000);

  afterAll(async () => {
    await Promise.all(clients.map(async (client) => client.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function call(tool: string, args: Readonly<Record<string, unknown>>): Promise<ToolOutcome> {
    const result = await owners.get(tool)?.callTool({ name: tool, arguments: { ...args } });
    const text = (result?.content ?? []).map((part) => (part.type === "text" ? part.text : "")).join("\n");
    return { text, failed: result === undefined || result.isError === true };
  }

  it("are about tools that exist", () => {
    expect(names.length).toBeGreaterThanOrEqual(18);
    expect(names.filter((name) => !owners.has(name))).toEqual([]);
  });

  it("are each fulfilled by the expected call, not before it, and seldom by the call of another request", async () => {
    sandbox.reset();
    const early: string[] = [];
    const unfulfilled: string[] = [];
    const confused: string[] = [];
    const outcomes: ToolOutcome[] = [];
    for (const request of corpus) {
      const { check, tool, arguments: args } = request.expect;
      sandbox.prepare(request);
      if (verify(check, [], sandbox)) early.push(request.id);
      const outcome = await call(tool, args);
      outcomes.push(outcome);
      if (!verify(check, [outcome], sandbox))
        unfulfilled.push(`${request.id}: ${outcome.text.slice(0, 200)}`);
    }
    expect(early).toEqual([]);
    expect(unfulfilled).toEqual([]);
    // Results of other tools, from all over the corpus, against the checks that look at results.
    let compared = 0;
    sandbox.reset();
    corpus.forEach((request, i) => {
      sandbox.prepare(request);
      for (let step = 37; step < corpus.length; step += 61) {
        const other = (i + step) % corpus.length;
        const from = corpus[other];
        const outcome = outcomes[other];
        if (from === undefined || outcome === undefined || from.expect.tool === request.expect.tool) continue;
        compared++;
        if (verify(request.expect.check, [outcome], sandbox)) confused.push(`${request.id} by ${from.id}`);
      }
    });
    expect(compared).toBeGreaterThan(5000);
    expect(confused.length / compared).toBeLessThan(0.01);
  }, 60_000);
});
