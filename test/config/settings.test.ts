import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";
import { readAgentSettings } from "../../src/config/agent-settings.ts";
import { homeFolder, readSettings } from "../../src/config/settings.ts";
import { messageOf } from "../../src/kernel/errors.ts";

/** What is said of settings that cannot be used. */
function complaint(env: Record<string, string>): string {
  try {
    readSettings(env);
  } catch (thrown) {
    expect(thrown).toMatchObject({ kind: "fatal", code: "bad_settings" });
    return messageOf(thrown);
  }
  return "";
}

describe("settings", () => {
  test("are the design's defaults when nothing is set; an empty variable counts as not set", () => {
    const defaults = readSettings({});
    expect(defaults).toMatchObject({
      cosmosDatabaseName: "agent_rl",
      enableCapture: false,
      useTunedModel: false,
      agentId: "mcp-agents",
      baseModel: "gpt-4o-mini-2024-07-18",
      epochs: 3,
      pollIntervalSeconds: 30,
      evalThreshold: 0.7,
      latencyPenalty: -0.1,
      trainSplit: 0.8,
    });
    expect(readSettings({ LIGHTNING_EPOCHS: "", COSMOS_ACCOUNT_URI: "" })).toEqual(defaults);
  });

  test.each([
    ["7", "30", "which stay 30 days"],
    ["29", "30", "which stay 30 days"],
    ["7", "", "which stay for ever"],
  ])(
    "rewards that end before their episodes are refused: %s days, episodes %s",
    (rewards, episodes, told) => {
      const env = { LIGHTNING_REWARDS_TTL_DAYS: rewards, LIGHTNING_EPISODES_TTL_DAYS: episodes };
      expect(complaint(env)).toContain("LIGHTNING_REWARDS_TTL_DAYS: rewards must not be deleted before");
      expect(complaint(env)).toContain(told);
    },
  );

  test("numbers of persons are a list of names, in the app and in an agent's process", () => {
    const env = { LIGHTNING_REDACT_PERSONAL: "us_ssn, uk_nino" };
    for (const read of [readSettings, readAgentSettings])
      expect(read(env).redactPersonal).toEqual(new Set(["us_ssn", "uk_nino"]));
    expect(readSettings({}).redactPersonal).toBeUndefined();
  });

  test("rewards may live as long as their episodes, longer, or for ever", () => {
    for (const [rewards, episodes] of [
      ["30", "30"],
      ["90", "30"],
      ["", "30"],
      ["", ""],
    ] as const)
      expect(complaint({ LIGHTNING_REWARDS_TTL_DAYS: rewards, LIGHTNING_EPISODES_TTL_DAYS: episodes })).toBe(
        "",
      );
  });

  test("that cannot be used are all told together, by name and value", () => {
    const told = complaint({
      LIGHTNING_EPOCHS: "three",
      LIGHTNING_TRAIN_SPLIT: "2",
      USE_TUNED_MODEL: "maybe",
    });
    expect(told).toContain('LIGHTNING_EPOCHS ("three")');
    expect(told).toContain("LIGHTNING_TRAIN_SPLIT");
    expect(told).toContain("USE_TUNED_MODEL");
  });

  test("that are secret are never shown", () => {
    expect(complaint({ COSMOS_AUTH_MODE: "key", AZURE_OPENAI_ENDPOINT: "no url" })).toContain(
      "COSMOS_ACCOUNT_KEY: needed when COSMOS_AUTH_MODE is key",
    );
    const told = complaint({ LIGHTNING_EPOCHS: "x", AZURE_OPENAI_API_KEY: "very-secret" });
    expect(told).not.toContain("very-secret");
  });

  test("in Azure refuse every engine of a laptop (defect 10: dataset files on one machine's disk)", () => {
    const told = complaint({ WEBSITE_SITE_NAME: "lightning-app" });
    expect(told).toContain("COSMOS_ACCOUNT_URI: needed in Azure");
    expect(told).toContain("LIGHTNING_FILES_URI: needed in Azure, where instances share no disk");
    expect(told).toContain("AZURE_OPENAI_ENDPOINT: needed in Azure");
    expect(
      complaint({
        WEBSITE_SITE_NAME: "lightning-app",
        COSMOS_ACCOUNT_URI: "https://ledger.documents.azure.com:443/",
        LIGHTNING_FILES_URI: "https://files.blob.core.windows.net/",
        FOUNDRY_PROJECT_ENDPOINT: "https://models.services.ai.azure.com/api/projects/p",
      }),
    ).toBe("");
  });

  test("name the data folder as a person would", () => {
    expect(homeFolder({ home: "~/lightning" })).toBe(path.join(homedir(), "lightning"));
    expect(homeFolder({ home: "./.lightning" })).toBe(path.resolve(".lightning"));
  });
});

test.each([
  ["the app", readSettings],
  ["an agent's process", readAgentSettings],
] as const)(
  "in Azure, whose package is read-only, %s has its home among the temporary files",
  (_who, read) => {
    const azure = {
      WEBSITE_SITE_NAME: "lightning-app",
      COSMOS_ACCOUNT_URI: "https://ledger.documents.azure.com:443/",
      LIGHTNING_FILES_URI: "https://files.blob.core.windows.net/",
      AZURE_OPENAI_ENDPOINT: "https://models.openai.azure.com/",
    };
    expect(read(azure).home).toBe(path.join(tmpdir(), "lightning"));
    expect(read({ ...azure, LIGHTNING_HOME: "/mnt/share" }).home).toBe("/mnt/share");
    expect(read({}).home).toBe("./.lightning");
  },
);

describe("what an agent's process reads", () => {
  test("is of the same table, and another setting's fault is not the agent's", () => {
    const env = { LIGHTNING_AGENT_ID: "support", ENABLE_LIGHTNING_CAPTURE: "on", LIGHTNING_EPOCHS: "three" };
    const settings = readAgentSettings(env);
    expect(settings).toMatchObject({ agentId: "support", enableCapture: true, cacheTtlSeconds: 60 });
    const { LIGHTNING_EPOCHS: _fault, ...sound } = env;
    expect(readSettings(sound)).toMatchObject(settings);
  });

  test("has its own faults told together", () => {
    expect(() =>
      readAgentSettings({ LIGHTNING_AGENT_ID: "no blanks", LIGHTNING_ENDPOINT: "nowhere" }),
    ).toThrow(
      /LIGHTNING_ENDPOINT \("nowhere"\): must be an http or https URL\n {2}LIGHTNING_AGENT_ID \("no blanks"\): must be letters/,
    );
  });
});

test.each([
  ["COSMOS_AUTH_MODE", "both", 'COSMOS_AUTH_MODE ("both"): Invalid option: expected one of "aad"|"key"'],
  ["USE_TUNED_MODEL", "True", 'expected one of "true"|"false"|"1"|"0"|"yes"|"no"|"on"|"off"'],
  ["LIGHTNING_EPOCHS", " ", "must be a number"],
  ["LIGHTNING_EPOCHS", "51", "must be from 1 to 50"],
  ["LIGHTNING_EPOCHS", "2.5", "must be a whole number"],
  ["LIGHTNING_BASE_MODEL", "m".repeat(257), "Too big: expected string to have <=256 characters"],
  ["LIGHTNING_TRAINING_TYPE", "4x", "Invalid string: must match pattern /^[A-Za-z]{1,40}$/"],
  ["LIGHTNING_FILES_CONTAINER", "A", "must be 3 to 63 lower-case letters, digits or -"],
  ["LIGHTNING_FILES_URI", "ftp://x", "must be an http or https URL"],
])("%s is refused as %j with its reason", (variable, value, reason) => {
  expect(complaint({ [variable]: value })).toContain(reason);
});
