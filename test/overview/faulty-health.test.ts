import { describe, expect, test } from "@jest/globals";
import { fatal } from "../../src/kernel/errors.ts";
import { faultyHealth } from "../../src/overview/faulty-health.ts";

describe("the health of an app that could not be composed", () => {
  test("names a fault of our own by its code, with the remedy", () => {
    const { status, jsonBody } = faultyHealth(
      fatal("ledger_too_new", "The ledger was written by a newer version.", { remedy: "Update the app." }),
    );
    expect(status).toBe(503);
    expect(jsonBody).toMatchObject({
      status: "unhealthy",
      checks: { app: { ok: false, code: "ledger_too_new" } },
      error: { code: "ledger_too_new", remedy: "Update the app." },
    });
  });

  test("leaves out what a library says, which may hold a secret", () => {
    const { jsonBody } = faultyHealth(new TypeError("Invalid URL: https://user:hunter2@x"));
    expect(jsonBody).toMatchObject({ checks: { app: { ok: false, code: "app_not_open" } } });
    expect(JSON.stringify(jsonBody)).not.toContain("hunter2");
    expect(jsonBody.error.message).toContain("TypeError");
  });

  test("puts two faults of one setting under its name", () => {
    const faults = ["COSMOS_ACCOUNT_KEY: one", "COSMOS_ACCOUNT_KEY: two"];
    const { jsonBody } = faultyHealth(fatal("bad_settings", "…", { details: { faults } }));
    expect(jsonBody.checks).toEqual({
      COSMOS_ACCOUNT_KEY: { ok: false, code: "bad_settings", message: faults.join("\n") },
    });
  });
});
