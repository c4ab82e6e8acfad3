import type { Operation } from "../../src/doors/operation.ts";
import { redactedName } from "../../src/redaction/names.ts";
import { STANDARD } from "../../src/redaction/redact.ts";
import { redactedInput } from "../../src/surfaces/redacted-input.ts";

const key = async () => "a key of the test";

/** A row as the app opens it, behind the door's redaction by the standard rules. */
export const redactedRow = (row: Operation): Operation =>
  redactedInput(row, { policyOf: () => STANDARD, key, agentId: "mcp-agents" });

/** How a name that a caller gave may stand in the ledger, under the same key. */
export const namesOf = async (agentId: string, name: string): Promise<string[]> => [
  name,
  await redactedName(agentId, name, STANDARD, key),
];
