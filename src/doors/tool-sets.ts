/** Sets of MCP tools that a client may ask for; `all` has every tool under every name. */
export const TOOL_SETS = ["core", "record", "review", "train", "operate", "agent", "all"] as const;
export type ToolSet = (typeof TOOL_SETS)[number];

/** What is listed where nobody asked for a set: a turn of the loop and the reference agent, small enough for any model. */
export const DEFAULT_TOOL_SET: ToolSet = "core";
