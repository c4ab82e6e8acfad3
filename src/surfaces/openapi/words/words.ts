import type { Schema } from "../schema.ts";
import { ANSWERS } from "./answers.ts";
import { RECORDS } from "./records.ts";

/** What a field means in one noun, where it means something else than elsewhere. */
const IN_NOUN: Readonly<Record<string, string>> = {
  "AuditPageAudit.created_at": "When the call was made, UTC.",
  "Correction.correction": "What should have been answered: text, or a turn with its tool calls.",
  "DatasetWatermark.episodes": "The newest episode's time, UTC; absent on golden datasets.",
  "DatasetWatermark.reward_count": "How many rewards there were.",
  "DatasetWatermark.rewards":
    "The newest reward's time, UTC; absent on golden datasets and before the first.",
  "DeploymentHosted.state": "How far the provider is with making it callable.",
  "Error.error": "What was refused, and what can be done.",
  "EvaluationPair.example": "Number of the example.",
  "GraderMulti.type": "Several graders, by a formula.",
  "GraderPython.source": "The program, which defines `grade(sample, item)`.",
  "GraderStringCheck.operation": "How the texts are compared.",
  "HealthCheck.kind": "What was looked at.",
  "RewardTrend.from": "When the first of the judged episodes was, UTC; null without one.",
  "RewardTrend.until": "When the last of the judged episodes was, UTC; null without one.",
  "TestRedactionReplyFinding.kind": "What kind of secret or personal data it is.",
};

const wordsFor = (noun: string, field: string): string | undefined =>
  IN_NOUN[`${noun}.${field}`] ?? RECORDS[field] ?? ANSWERS[field];

/** Gives every field that its schema does not describe the words that it has everywhere. */
export function describeFields(schemas: Readonly<Record<string, Schema>>): void {
  for (const [noun, { properties = {} }] of Object.entries(schemas))
    for (const [field, schema] of Object.entries(properties)) {
      if (schema.description !== undefined) continue;
      const description = wordsFor(noun, field);
      if (description !== undefined) properties[field] = { ...schema, description };
    }
}
