import type OpenAI from "openai";
import type { ChatRequest, Provider, ProviderJobRequest } from "./provider.ts";

/** `trainingType` is Azure's own and in no type of the package; other servers may refuse it. */
export function jobBody(
  kind: Provider["kind"],
  request: ProviderJobRequest,
): OpenAI.FineTuning.JobCreateParams {
  const body: OpenAI.FineTuning.JobCreateParams & { trainingType?: string } = {
    model: request.model,
    training_file: request.training_file,
    method: methodBody(request),
    seed: request.seed,
    metadata: { ...request.metadata },
    ...(request.validation_file === undefined ? {} : { validation_file: request.validation_file }),
    ...(request.suffix === undefined ? {} : { suffix: request.suffix }),
    ...(kind === "azure" ? { trainingType: request.training_type } : {}),
  };
  return body;
}

function methodBody({ method = "supervised", hyperparameters, grader }: ProviderJobRequest) {
  const body = {
    type: method,
    [method]: { hyperparameters, ...(method === "reinforcement" ? { grader } : {}) },
  };
  return body as OpenAI.FineTuning.JobCreateParams["method"] & object;
}

export function chatBody(request: ChatRequest): OpenAI.ChatCompletionCreateParamsNonStreaming {
  const { model, messages, tools, tool_choice, temperature, max_tokens } = request;
  return {
    model,
    // Both sides follow the same wire form; the package's union of message types is only narrower to write.
    messages: messages.map(
      ({ weight: _training, ...message }) => message,
    ) as OpenAI.ChatCompletionMessageParam[],
    ...(tools === undefined || tools.length === 0
      ? {}
      : {
          tools: tools as OpenAI.ChatCompletionTool[],
          ...(tool_choice === undefined ? {} : { tool_choice }),
        }),
    ...(temperature === undefined ? {} : { temperature }),
    // `max_tokens` is refused by the reasoning models; its successor is taken by all.
    ...(max_tokens === undefined ? {} : { max_completion_tokens: max_tokens }),
  };
}
