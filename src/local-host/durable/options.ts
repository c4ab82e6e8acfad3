import { cpus } from "node:os";

/** The members of host.json's `extensions.durableTask` this host honours. */
export interface DurableSettings {
  readonly maxActivities: number;
  readonly maxOrchestrators: number;
  /** Given to orchestrations started without a version; "" for none. */
  readonly defaultVersion: string;
}

/** Like the extension: ten of each for a core. */
export function durableSettings(hostJson: Readonly<Record<string, unknown>> = {}): DurableSettings {
  const perHost = 10 * Math.max(1, cpus().length);
  const count = (name: string) => {
    const value = hostJson[name];
    return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : perHost;
  };
  const { defaultVersion } = hostJson;
  return {
    maxActivities: count("maxConcurrentActivityFunctions"),
    maxOrchestrators: count("maxConcurrentOrchestratorFunctions"),
    defaultVersion: typeof defaultVersion === "string" ? defaultVersion : "",
  };
}
