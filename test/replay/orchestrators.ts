import { ORCHESTRATORS as LOOP } from "../../src/loop/orchestrators.ts";
import type { OrchestratorCode } from "../local-host/durable/app.ts";

/** The function app's, by the names under which they run. */
export const ORCHESTRATORS: Readonly<Record<string, OrchestratorCode>> = LOOP;
