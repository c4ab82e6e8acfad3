import type { FailureDetails, StatusNumber } from "../history/history.ts";

/** What a work item decided; `id` is the framework's task id. */
export type Decision =
  | { readonly kind: "activity"; readonly id: number; readonly name: string; readonly input: string }
  | { readonly kind: "timer"; readonly id: number; readonly fireAt: number }
  | {
      readonly kind: "subOrchestration";
      readonly id: number;
      readonly name: string;
      readonly version: string | undefined;
      readonly instanceId: string;
      readonly input: string | null;
    }
  | {
      readonly kind: "send";
      readonly id: number;
      readonly instanceId: string;
      readonly name: string;
      readonly input: string;
    }
  | {
      readonly kind: "complete";
      readonly id: number;
      readonly status: StatusNumber;
      readonly result: string | null;
      readonly details: string | null;
      readonly failureDetails: FailureDetails | null;
    }
  | { readonly kind: "continueAsNew"; readonly id: number; readonly input: string | null };
