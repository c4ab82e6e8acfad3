import { z } from "zod";
import { idSchema, storedTimeSchema } from "../doors/schemas.ts";
import type { Episode } from "./contract.ts";
import { ENDINGS, endedAs, FAULTS_BY } from "./endings.ts";

/** The original's preview: 200 characters, then dots. */
const PREVIEW = 200;
const preview = (text: string) => (text.length <= PREVIEW ? text : `${text.slice(0, PREVIEW)}...`);

/** An episode in lists, with the beginnings of its texts. */
export const summarySchema = z.object({
  id: idSchema,
  agent_id: z.string(),
  user_input: z.string(),
  assistant_output: z.string(),
  tool_calls_count: z.number().int(),
  tool_names: z.array(z.string()),
  model_deployment: z.string().nullable(),
  request_latency_ms: z.number().nullable(),
  first_token_ms: z.number().nullable(),
  session_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  response_id: z.string().nullable(),
  trace_id: z.string().nullable(),
  ending: z.enum(ENDINGS).nullable(),
  error_by: z.enum(FAULTS_BY).nullable(),
  reward_count: z.number().int(),
  reward_avg: z.number().nullable(),
  reward_penalty: z.number().nullable(),
  reward_vetoed: z.boolean(),
  created_at: storedTimeSchema,
});

export function summary(episode: Episode): z.input<typeof summarySchema> {
  return {
    id: episode.id,
    agent_id: episode.agent_id,
    user_input: preview(episode.user_input),
    assistant_output: preview(episode.assistant_output),
    tool_calls_count: episode.tool_calls.length,
    tool_names: episode.tool_names,
    model_deployment: episode.model_deployment ?? null,
    request_latency_ms: episode.request_latency_ms ?? null,
    first_token_ms: episode.first_token_ms ?? null,
    session_id: episode.session_id ?? null,
    correlation_id: episode.correlation_id ?? null,
    response_id: episode.response_id ?? null,
    trace_id: episode.trace_id ?? null,
    ending: endedAs(episode) ?? null,
    error_by: episode.error_by ?? null,
    reward_count: episode.reward_count ?? 0,
    reward_avg: episode.reward_avg ?? null,
    reward_penalty: episode.reward_penalty ?? null,
    reward_vetoed: episode.reward_vetoed ?? false,
    created_at: episode.created_at,
  };
}
