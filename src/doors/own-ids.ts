/**
 * Fields that hold ids of our own records (and of a provider's job and files, which it made): they may stand in the
 * audit log, which nothing is taken out of, and in traces. What a caller names its users, conversations and answers by
 * never does.
 */
const OWN_IDS: ReadonlySet<string> = new Set([
  "id",
  "episode_id",
  "reward_id",
  "waiting_id",
  "dataset_id",
  "run_id",
  "training_run_id",
  "training_file_id",
  "validation_file_id",
  "aoai_job_id",
  "evaluation_id",
  "deployment_id",
  "target_id",
  "hosted_id",
  "pipeline_id",
]);

/** Longest id that is told, in characters. */
const LONGEST = 200;

/** Ids of our own records among the members of an input or a reply, by field; `agent_id` apart. */
export function ownIds(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  const found: Record<string, string> = {};
  for (const [name, text] of Object.entries(value))
    if (OWN_IDS.has(name) && typeof text === "string") found[name] = text.slice(0, LONGEST);
  return found;
}
