import {
  createDefaultHttpClient,
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { PARTITIONS_MOVED, TIME_OVER, underWay } from "./under-way.ts";

const failure = (message: string, code: string) => Object.assign(new Error(message), { code });

const GONE = 410;
const isOn = (request: PipelineRequest, header: string) =>
  request.headers.get(header)?.toLowerCase() === "true";
/** A part of a query over several partitions; feeds name a partition too, and the SDK follows those to its parts itself. */
const isPartOfQuery = (request: PipelineRequest) =>
  isOn(request, "x-ms-documentdb-isquery") && request.headers.has("x-ms-documentdb-partitionkeyrangeid");

/**
 * The SDK's HTTP client with three things it lacks (docs/facts.md#cosmos-splits): requests end with the operation that
 * they are sent for; a query whose partitions were split or merged fails at once in place of being sent for ever, after
 * `onMoved` was told that the client's map of them is out of date; and no plan is asked for where none is used
 * (docs/facts.md#cosmos-query-plans).
 */
export function createTransport(onMoved: () => void): HttpClient {
  const inner = createDefaultHttpClient();
  return {
    async sendRequest(request) {
      const operation = underWay();
      if (operation?.signal.aborted) throw failure("The operation's time is over.", TIME_OVER);
      if (operation?.needsNoPlan && isOn(request, "x-ms-cosmos-is-query-plan-request"))
        return noPlan(request);
      if (operation !== undefined)
        request.abortSignal = AbortSignal.any([
          operation.signal,
          ...(request.abortSignal === undefined ? [] : [request.abortSignal as AbortSignal]),
        ]);
      const response = await inner.sendRequest(request);
      if (response.status === GONE && isPartOfQuery(request)) {
        onMoved();
        throw failure("The partitions of the container have moved.", PARTITIONS_MOVED);
      }
      return response;
    },
  };
}

/** Kept by the SDK until the query needs it, which it never does. */
const noPlan = (request: PipelineRequest): PipelineResponse => ({
  request,
  status: 400,
  headers: createHttpHeaders(),
  bodyAsText: JSON.stringify({ message: "A query within one partition has no plan." }),
});
