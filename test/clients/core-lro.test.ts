import { createHttpPoller, type OperationResponse, type OperationState } from "@azure/core-lro";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { scratchFolder } from "../durable-extension/processes.ts";
import { type Host, startHost } from "../generators/host.ts";
import { golden } from "../scenarios/storm-desk.ts";

// A process that starts, and jobs in real time, on machines that have much else to do.
jest.setTimeout(240_000);

type Facts = Readonly<Record<string, unknown>>;
interface Ended {
  readonly status: string;
  readonly result: Facts | undefined;
  readonly error?: Error | undefined;
  /** The addresses that it asked, without the host. */
  readonly asked: readonly string[];
}

describe("createHttpPoller of @azure/core-lro, as it is, follows", () => {
  let host: Host;
  beforeAll(async () => {
    host = await startHost(scratchFolder("lightning-lro-"));
  });
  afterAll(() => host.stop());

  async function send(method: string, url: string, body?: object): Promise<OperationResponse<Facts>> {
    const response = await fetch(url, {
      method,
      headers: { "content-type": "application/json", prefer: "wait=0", "x-functions-key": host.key },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Facts;
    return {
      flatResponse: answer,
      rawResponse: {
        statusCode: response.status,
        headers: Object.fromEntries(response.headers),
        body: answer,
        request: { method, url },
      },
    };
  }
  const at = (address: string) => `${host.url}/api/lightning${address}`;

  /** Begins work with a POST that must answer 202, and leaves the rest to the poller. */
  async function follow(
    address: string,
    body: object,
    meanwhile?: (record: Facts) => Promise<unknown>,
  ): Promise<Ended> {
    const asked: string[] = [];
    const poller = createHttpPoller<Facts, OperationState<Facts>>(
      {
        async sendInitialRequest() {
          const begun = await send("POST", at(address), body);
          expect(begun.rawResponse.statusCode).toBe(202);
          await meanwhile?.(begun.flatResponse);
          return begun;
        },
        sendPollRequest: (url) => {
          asked.push(new URL(url).pathname.replace(/^\/api\/lightning/, ""));
          return send("GET", url);
        },
      },
      { resolveOnUnsuccessful: true },
    );
    const result = await poller.pollUntilDone();
    const { operationState } = poller;
    return { status: operationState?.status ?? "none", result, error: operationState?.error, asked };
  }

  let datasetId = "";
  test("a dataset to success: its result is the record that Location names", async () => {
    const { status, result, asked } = await follow("/datasets/golden", {
      name: "one",
      content: golden(0, 40),
    });
    expect(status).toBe("succeeded");
    expect(result).toMatchObject({ status: "ready" });
    datasetId = String(result?.dataset_id);
    expect(asked.at(-1)).toBe(`/datasets/${datasetId}`);
    expect(new Set(asked.slice(0, -1))).toEqual(new Set([`/operations/datasets/${datasetId}`]));
  });

  test("a build without examples to failure, with its code", async () => {
    const { status, error } = await follow("/datasets", { name: "empty", min_reward: 1 });
    expect(status).toBe("failed");
    expect(error?.message).toContain("dataset_empty");
  });

  test("a training run to success", async () => {
    const { status, result } = await follow("/training", { dataset_id: datasetId });
    expect([status, result?.status]).toEqual(["succeeded", "succeeded"]);
    expect(result?.tuned_model_name).toEqual(expect.any(String));
  });

  test("a training run that is cancelled to its end", async () => {
    const { status } = await follow("/training", { dataset_id: datasetId, force_new: true }, async (run) =>
      send("POST", at(`/training/${String(run.run_id)}/cancel`), {}),
    );
    expect(status).toBe("canceled");
  });
});
