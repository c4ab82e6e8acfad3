import type { Role } from "../../../src/doors/operation.ts";
import type { OperationName } from "../../../src/operations.ts";
import type { Me } from "./wire.ts";

/** What the page's buttons call, with the role each needs: the table of operations itself, which a test compares. */
export const NEEDS = {
  submitReview: "labeller",
  testRedaction: "labeller",
  setReviewRules: "builder",
  buildCorrectionsDataset: "builder",
  cancelTraining: "trainer",
  promote: "releaser",
  rollback: "releaser",
  deactivate: "releaser",
  runPipeline: "releaser",
  decidePipeline: "releaser",
} as const satisfies Partial<Record<OperationName, Role>>;
export type Act = keyof typeof NEEDS;

/** Undefined: not known yet; nothing is offered that may then be refused. */
export const may = (me: Pick<Me, "may"> | undefined, act: Act): boolean =>
  me?.may.includes(NEEDS[act]) === true;
