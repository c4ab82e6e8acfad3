import type { Operation } from "../../doors/operation.ts";

/** What the groups of operations are about; a test holds the names to the paths. */
const ABOUT: Readonly<Record<string, string>> = {
  audit: "Who changed what, when and by which door.",
  datasets: "Examples for training, made of episodes or given, with their files.",
  "dead-letters": "What a change feed could not work off.",
  deployments: "Which model serves: promotion, rollback, history and the policy of the gate.",
  episodes: "What an agent did, recorded once.",
  evaluations: "Candidate and baseline on held-out examples, and the verdict.",
  feedback: "Thumbs and words of an agent's users.",
  health: "Whether the app and what it leans on are well.",
  lineage: "From an answer back to the episodes that its model learnt from.",
  me: "Who the caller is, and with which roles.",
  model: "The model that an agent should use now.",
  operations: "The status monitor of work that a 202 has begun, in one form for every kind.",
  parts: "Pictures, sounds, files and long texts of episodes.",
  pipelines: "A whole turn of the loop as one request.",
  records: "Records whose work stands still, taken up again.",
  redaction: "The rules by which secrets are replaced, their trial and their re-scans.",
  retirements: "Models that will be withdrawn, and what depends on them.",
  review: "Episodes for people to judge and correct.",
  rewards: "Judgements of episodes.",
  stats: "Counts and trends of an agent.",
  training: "Runs of fine-tuning, their estimates and their upkeep.",
};

/** The stage that a row belongs to: the first word of its path. */
export const tagOf = ({ rest }: Pick<Operation, "rest">): string => rest.path.split("/")[1] ?? "other";

export function tagsOf(operations: readonly Operation[]): { name: string; description?: string }[] {
  return [...new Set(operations.map(tagOf))].map((name) => {
    const description = ABOUT[name];
    return description === undefined ? { name } : { name, description };
  });
}
