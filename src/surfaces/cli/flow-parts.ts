import type { OperationName } from "../../operations.ts";
import { type Body, plain } from "./layout.ts";
import type { Session } from "./session.ts";

/** Whether a record's status is one of these. */
export const isOne = (statuses: readonly string[], record: Body) => statuses.includes(plain(record.status));

/** The table of operations and the table of commands have the same names. */
export const nameOf = ({ operation }: Session) => operation.name as OperationName;

export const agentOf = (session: Session, body: Body) => {
  const agent = body.agent_id ?? session.input.agent_id;
  return agent === undefined ? {} : { agent_id: agent };
};

/** After Ctrl+C: the app goes on without the command. */
export function goesOn(
  session: Session,
  body: Body,
  { what, look, cancel }: { what: string; look: string; cancel: string | undefined },
): string[] {
  const forAgent = agentWords(session, body);
  return [
    session.connection.kind === "embedded"
      ? `⏳ ${what} is not cancelled: it goes on whenever a host runs (npm start, or the next lightning command).`
      : `⏳ ${what} goes on.`,
    `   To look: lightning ${look}${forAgent}`,
    cancel === undefined
      ? `   ${what} cannot be cancelled by a command.`
      : `   To cancel: lightning ${cancel}${forAgent}`,
  ];
}

/** ` --agent-id support`, where the agent is known. */
export function agentWords(session: Session, body: Body): string {
  const agent = plain(body.agent_id ?? session.input.agent_id ?? "");
  return agent === "" || agent === "-" ? "" : ` --agent-id ${agent}`;
}
