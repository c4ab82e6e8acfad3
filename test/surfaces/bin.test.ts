import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "@jest/globals";

const home = mkdtempSync(path.join(tmpdir(), "lightning-bin-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The command as people type it, in a process of its own and with nothing else running. */
function lightning(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("../../bin/lightning.js", import.meta.url)), ...argv],
    {
      env: {
        PATH: process.env.PATH,
        LIGHTNING_HOME: home,
        LIGHTNING_DATA_DIR: path.join(home, "data"),
        FORCE_COLOR: "0",
        ...env,
      },
    },
  );
  child.stdin.end();
  let out = "";
  let err = "";
  child.stdout.on("data", (piece: Buffer) => {
    out += piece.toString();
  });
  child.stderr.on("data", (piece: Buffer) => {
    err += piece.toString();
  });
  return new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

test("the command runs from the sources and knows its version", async () => {
  const { code, out } = await lightning(["--version"]);
  expect([code, out]).toEqual([0, "0.1.0\n"]);
}, 30_000);

test("wrong usage is exit 2, settings that cannot be used are named, exit 1", async () => {
  const [wrong, unusable] = await Promise.all([
    lightning(["nonsense"]),
    lightning(["health"], { LIGHTNING_EPOCHS: "many", LIGHTNING_MIN_REWARD: "9" }),
  ]);
  expect([wrong.code, wrong.out]).toEqual([2, ""]);
  expect(unusable.code).toBe(1);
  expect(unusable.err).toMatch(/LIGHTNING_MIN_REWARD[\s\S]*LIGHTNING_EPOCHS[\s\S]*Code: bad_settings/);
}, 30_000);

test("with no host and no endpoint a command starts the app inside itself, and what it stored is there for the next", async () => {
  const recorded = await lightning([
    "record",
    "--id",
    "ep-bin",
    "--user-input",
    "hello",
    "--assistant-output",
    "hi",
    "--json",
  ]);
  expect([recorded.code, recorded.err]).toEqual([0, ""]);
  expect(JSON.parse(recorded.out)).toEqual(
    expect.objectContaining({ episode_id: "ep-bin", status: "recorded" }),
  );
  const shown = await lightning(["show-episode", "--id", "ep-bin"]);
  expect([shown.code, shown.err]).toEqual([0, ""]);
  expect(shown.out).toContain("user input: hello");
}, 60_000);
