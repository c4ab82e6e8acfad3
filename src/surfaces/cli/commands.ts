import type { AnyCommand, Commands } from "./command.ts";
import { DATA_COMMANDS } from "./commands/data.ts";
import { DEPLOYMENT_COMMANDS } from "./commands/deployments.ts";
import { PIPELINE_COMMANDS } from "./commands/pipelines.ts";
import { REDACTION_COMMANDS } from "./commands/redaction.ts";
import { TRAINING_COMMANDS } from "./commands/training.ts";
import { UPKEEP_COMMANDS } from "./commands/upkeep.ts";

/** The one table of commands: to change a command, open its entry. */
export const COMMANDS: Commands = {
  ...DATA_COMMANDS,
  ...TRAINING_COMMANDS,
  ...DEPLOYMENT_COMMANDS,
  ...PIPELINE_COMMANDS,
  ...REDACTION_COMMANDS,
  ...UPKEEP_COMMANDS,
};

/** The command of an operation that came out of the operations table. */
export const commandOf = (operation: string): AnyCommand =>
  (COMMANDS as Readonly<Record<string, AnyCommand>>)[operation] ?? {};
