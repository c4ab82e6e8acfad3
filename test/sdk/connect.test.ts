import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { callRest } from "../../src/sdk/client.ts";
import { connect } from "../../src/sdk/connect.ts";
import { fakeOperations } from "../surfaces/fake-operations.ts";

const settings = { endpoint: undefined, functionKey: "key", home: "./somewhere" };
const nobody = async () => undefined;

describe("what a command or an agent talks to", () => {
  test.each([
    "https://x.example",
    "https://x.example/",
    "https://x.example/api",
    "https://x.example/api/lightning",
  ])("LIGHTNING_ENDPOINT comes first, however it is written: %s", async (endpoint) => {
    const connection = await connect({
      settings: { ...settings, endpoint },
      findHost: async () => ({ url: "http://127.0.0.1:1" }),
    });
    expect(connection).toEqual(
      expect.objectContaining({ kind: "endpoint", url: "https://x.example", functionKey: "key" }),
    );
  });

  test("then the local host that holds the data folder, with the key it left there", async () => {
    const asked: string[] = [];
    const connection = await connect({
      settings,
      findHost: async (home) => {
        asked.push(home);
        return { url: "http://127.0.0.1:7071", key: "host-key" };
      },
    });
    expect(asked).toEqual([path.resolve("./somewhere")]);
    expect(connection).toEqual(
      expect.objectContaining({ kind: "local-host", url: "http://127.0.0.1:7071", functionKey: "host-key" }),
    );
  });

  test("then one inside the process, which ends with the connection", async () => {
    let running = 0;
    const connection = await connect({
      settings,
      findHost: nobody,
      startEmbedded: async () => {
        running++;
        return {
          url: "http://127.0.0.1:1",
          async stop() {
            running--;
          },
        };
      },
    });
    expect([connection.kind, running]).toEqual(["embedded", 1]);
    await connection.close();
    expect(running).toBe(0);
  });

  test("or nothing, with what to do", async () => {
    await expect(connect({ settings, findHost: nobody })).rejects.toThrow(
      expect.objectContaining({
        code: "no_host",
        kind: "unavailable",
        remedy: expect.stringContaining("npm start"),
      }),
    );
  });
});

describe("answers that are not ours", () => {
  const { operations } = fakeOperations();
  const list = operations.find(({ name }) => name === "listTrainingRuns") as never;
  test.each([
    [401, "", "key_refused"],
    [403, "", "key_refused"],
    [404, "", "not_lightning"],
    [200, "<html>", "not_lightning"],
    [502, "Bad Gateway", "http_502"],
    [500, "", "http_500"],
  ])("%d %j is told as %s", async (status, body, code) => {
    const real = globalThis.fetch;
    globalThis.fetch = async () => new Response(body, { status });
    try {
      await expect(callRest({ url: "http://x.example" }, list, {})).rejects.toThrow(
        expect.objectContaining({ code }),
      );
    } finally {
      globalThis.fetch = real;
    }
  });
});
