import type { DemoRequest } from "./corpus.ts";
import type { AgentAnswer, AgentDoor } from "./doors.ts";
import type { Sandbox } from "./sandbox.ts";
import { verify } from "./verify.ts";

/** A request, what came of it, and whether that is what was asked for. */
export interface Outcome {
  readonly request: DemoRequest;
  readonly answer: AgentAnswer;
  readonly fulfilled: boolean;
}

/**
 * Sends requests to the agent, several groups at a time; within a group one after the other, since its requests work
 * on the same files. Each result is checked at once, before a later call can change what it brought about.
 */
export async function sendRequests(
  requests: readonly DemoRequest[],
  to: {
    readonly agent: AgentDoor;
    readonly agentId: string;
    readonly sandbox: Sandbox;
    readonly lanes: number;
    readonly onOutcome: (outcomes: readonly Outcome[]) => void;
  },
): Promise<Outcome[]> {
  const groups = [...Map.groupBy(requests, ({ group }) => group).values()];
  const outcomes: Outcome[] = [];
  let next = 0;
  const lane = async () => {
    for (let group = groups[next++]; group !== undefined; group = groups[next++])
      for (const request of group) {
        to.sandbox.prepare(request);
        const answer = await to.agent.nextBestAction(request.text, to.agentId, request.group);
        const results = answer.tool_calls.map((call) => ({
          text: typeof call.result === "string" ? call.result : JSON.stringify(call.result ?? ""),
          failed: call.error !== undefined,
        }));
        outcomes.push({ request, answer, fulfilled: verify(request.expect.check, results, to.sandbox) });
        to.onOutcome(outcomes);
      }
  };
  await Promise.all(Array.from({ length: to.lanes }, lane));
  return outcomes;
}
