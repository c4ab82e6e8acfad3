import type { Operation } from "../../doors/operation.ts";
import { invalid, type LightningError } from "../../kernel/errors.ts";
import type { Connection } from "../../sdk/connect.ts";
import { inputFields } from "../fields.ts";
import { print } from "./io.ts";
import { facts, plain } from "./layout.ts";
import type { Session } from "./session.ts";

/** Whether a command may want `--yes`: its row destroys, or moves what serves. */
export const mayNeedYes = (operation: Operation): boolean =>
  operation.effect === "destroy" || operation.movesServing !== undefined;

/** Whether it wants `--yes` with this input, which the row's schema has read: a dry run does nothing. */
export function needsYes(operation: Operation, input: Readonly<Record<string, unknown>>): boolean {
  if (input.dry_run === true) return false;
  return operation.effect === "destroy" || operation.movesServing?.(input) === true;
}

/** Where there is no terminal to answer, or its output is JSON, nothing is asked. */
export const notConfirmed = (command: string): LightningError =>
  invalid("not_confirmed", `\`lightning ${command}\` is not done unasked, and no terminal is there to ask.`, {
    remedy: "Say --yes.",
  });

/** The function app in words. */
function placeText({ kind, url }: Pick<Connection, "kind" | "url">): string {
  if (kind === "endpoint") return url;
  return kind === "local-host" ? `this machine's host at ${url}` : "this machine (no host runs)";
}

/** Of whom it is: the agent that was named, or the app's own; undefined where the row knows no agent. */
async function agentOf(session: Session): Promise<string | undefined> {
  const { operation, input, yes } = session;
  if (!inputFields(operation).some(({ name }) => name === "agent_id")) return undefined;
  if (typeof input.agent_id === "string") return input.agent_id;
  if (yes) return "the app's own";
  try {
    return plain((await session.call("whoAmI", {})).body.agent_id);
  } catch {
    return "the app's own";
  }
}

/**
 * Says what is about to be done, of whom and where, and asks unless `--yes` was said.
 * @returns false: it is not to be done
 */
export async function confirmed(session: Session): Promise<boolean> {
  const { io, operation, input, connection } = session;
  if (session.json) return true;
  const agent = await agentOf(session);
  const given = Object.entries(input).filter(([name]) => name !== "agent_id");
  const place = placeText(connection);
  print(io, [
    operation.summary,
    ...facts([
      ["Agent", agent ?? "all agents"],
      ["On", place],
      ...given.map(([name, value]) => [name.replaceAll("_", " "), value] as const),
    ]),
  ]);
  if (session.yes) return true;
  const whose = agent === undefined ? "for all agents" : `for agent '${agent}'`;
  if ((await io.ask?.(`${operation.cli ?? operation.name} ${whose} on ${place}?`)) === true) return true;
  print(io, ["⛔ Nothing was done."]);
  return false;
}
