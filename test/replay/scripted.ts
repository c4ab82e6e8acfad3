import type { Activities } from "../../src/loop/activities.ts";

type Script = {
  readonly orchestrator: string;
  /** What each step answers, call after call; the last one again and again. */
  readonly steps: { readonly [Name in keyof Activities]?: readonly Awaited<ReturnType<Activities[Name]>>[] };
};

const claimed = { kind: "claimed", hosted_id: "hosted-1" } as const;
const switched = { kind: "switched", deployment_name: "desk-1" } as const;

/**
 * Ways through orchestrators that the embedded engines never take: deployments that Azure makes, and records that
 * another instance works on. The real orchestrators run; the steps answer as written here.
 */
export const SCRIPTS: Readonly<Record<string, Script>> = {
  "hosted-slow": {
    orchestrator: "promoteModel",
    steps: {
      claimDeployment: [claimed],
      provisionHosted: [{ kind: "making", look_again_seconds: 30 }, { kind: "made" }],
      probeHosted: [{ kind: "not_ready" }, { kind: "ready" }],
      switchPointer: [switched],
    },
  },
  "hosted-made-anew": {
    orchestrator: "promoteModel",
    steps: {
      claimDeployment: [claimed],
      provisionHosted: [
        { kind: "failed", code: "deployment_failed", message: "It was not made.", remake: true },
        { kind: "made" },
      ],
      remakeHosted: [null],
      probeHosted: [{ kind: "ready" }],
      switchPointer: [switched],
    },
  },
  "hosted-refused": {
    orchestrator: "promoteModel",
    steps: {
      claimDeployment: [claimed],
      provisionHosted: [{ kind: "failed", code: "no_quota", message: "No quota is left.", remake: false }],
      failDeployment: [null],
    },
  },
  "switch-refused": {
    orchestrator: "promoteModel",
    steps: {
      claimDeployment: [{ kind: "claimed" }],
      probeDeployment: [{ kind: "not_ready" }, { kind: "ready" }],
      switchPointer: [{ kind: "refused", code: "superseded", message: "A newer one was asked for." }],
      failDeployment: [null],
    },
  },
  elsewhere: {
    orchestrator: "promoteModel",
    steps: {
      claimDeployment: [{ kind: "elsewhere" }],
      readDeploymentStatus: [{ state: "provisioning" }, { state: "active" }],
    },
  },
};
