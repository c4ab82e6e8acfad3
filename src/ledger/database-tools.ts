import type { Settings } from "../config/settings.ts";

/** What the command line does to the Cosmos account itself, without opening the app. */
export const databaseTools = {
  provision: async (settings: Settings, asked: { maxThroughput?: number | undefined; update?: boolean }) =>
    (await import("./cosmos/provision.ts")).provisionCosmos(settings, asked),
  verify: async (settings: Settings) => (await import("./cosmos/verify.ts")).verifyContainers(settings),
};
