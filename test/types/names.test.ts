import { describe, expect, test } from "@jest/globals";
import { NEEDS } from "../../dashboard/src/logic/roles.ts";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { BUILD_DATASET } from "../../src/datasets/contract.ts";
import { ORCHESTRATIONS } from "../../src/loop/orchestrations.ts";
import { ORCHESTRATORS } from "../../src/loop/orchestrators.ts";
import { RETRAIN_AGENTS } from "../../src/pipelines/contract.ts";
import { COMMANDS } from "../../src/surfaces/cli/commands.ts";

describe("names the compiler knows", () => {
  const rows = new Set(operationRows(readSettings({})).map(({ name }) => name));

  test("are those of the operations table, in every table kept by operation", () => {
    for (const name of [...Object.keys(COMMANDS), ...Object.keys(NEEDS)]) expect(rows).toContain(name);
  });

  test("give each orchestration one declaration, one orchestrator and one instance an input", () => {
    const names = ORCHESTRATIONS.map(({ name }) => name as string);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(ORCHESTRATORS).toSorted()).toEqual(names.toSorted());
    expect(BUILD_DATASET.instanceId({ agent_id: "a", id: "dataset-1" })).toBe("dataset-1");
    expect(RETRAIN_AGENTS.instanceId({ stamp: "202606011200" })).toBe("retraining-202606011200");
  });
});
