import { expect, test } from "@jest/globals";
import { SETTINGS } from "../../src/config/settings.ts";
import { unknownSettings } from "../../src/config/unknown-settings.ts";

test("a misspelt setting is told with the one that was meant, and no value", () => {
  for (const { env } of Object.values(SETTINGS)) {
    expect(unknownSettings({ [env]: "x" })).toEqual([]);
    if (env.length < 12) continue;
    const at = env.length - 3;
    const swapped = env.slice(0, at) + env.charAt(at + 1) + env.charAt(at) + env.slice(at + 2);
    const misspelt = [env.slice(0, at) + env.slice(at + 1), `${env}S`, swapped];
    for (const name of misspelt) {
      if (Object.values(SETTINGS).some((row) => row.env === name)) continue;
      const [text = "", ...more] = unknownSettings({ [name]: "secret-value" });
      expect([name, text, more]).toEqual([name, expect.stringContaining("Did you mean"), []]);
      expect(text).toContain(name);
      expect(text).not.toContain("secret-value");
    }
  }
  expect(unknownSettings({ LIGHTNING_MIN_REWRD: "0.5" })).toEqual([
    "LIGHTNING_MIN_REWRD is no setting and is ignored. Did you mean LIGHTNING_MIN_REWARD? docs/settings.md lists them all.",
  ]);
});

test("what belongs to others, is empty or is like no setting is left alone", () => {
  expect(
    unknownSettings({
      PATH: "/bin",
      HOME: "a",
      LIGHTNING_HOST_FAULTS: "x",
      LIGHTNING_TEST_SEED: "1",
      LIGHTNING_MIN_REWRD: "",
      AZURE_CLIENT_ID: "x",
    }),
  ).toEqual([]);
  expect(unknownSettings({ LIGHTNING_SOMETHING_ELSE: "x" })).toEqual([
    "LIGHTNING_SOMETHING_ELSE is no setting and is ignored. docs/settings.md lists them all.",
  ]);
});
