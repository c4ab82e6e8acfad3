import { cpus } from "node:os";

/** Which instances' versions this host works on; the names are host.json's. */
export type VersionMatch = "none" | "strict" | "currentorolder";

/** The members of host.json's `extensions.durableTask` this host honours. */
export interface DurableSettings {
  readonly maxActivities: number;
  readonly maxOrchestrators: number;
  /** Given to orchestrations started without a version; "" for none. */
  readonly defaultVersion: string;
  readonly versionMatch: VersionMatch;
  /** True: an instance of another version fails; false: it waits for a host of its version. */
  readonly failOtherVersions: boolean;
  /** Actions one execution may take over all. */
  readonly maxActions: number;
}

/** The extension's MaxOrchestrationActions. */
const MAX_ACTIONS = 100_000;

/** Like the extension: ten of each for a core. */
export function durableSettings(hostJson: Readonly<Record<string, unknown>> = {}): DurableSettings {
  const perHost = 10 * Math.max(1, cpus().length);
  const count = (name: string, absent: number) => {
    const value = Number(hostJson[name]);
    return Number.isInteger(value) && value > 0 ? value : absent;
  };
  const text = (name: string) => {
    const value = hostJson[name];
    return typeof value === "string" ? value : "";
  };
  const match = text("versionMatchStrategy").toLowerCase();
  return {
    maxActivities: count("maxConcurrentActivityFunctions", perHost),
    maxOrchestrators: count("maxConcurrentOrchestratorFunctions", perHost),
    defaultVersion: text("defaultVersion"),
    versionMatch: match === "none" || match === "strict" ? match : "currentorolder",
    failOtherVersions: text("versionFailureStrategy").toLowerCase() === "fail",
    maxActions: count("maxOrchestrationActions", MAX_ACTIONS),
  };
}
