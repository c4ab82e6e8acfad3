import type { Clock } from "../../../src/kernel/clock.ts";
import { toIso } from "../../../src/kernel/clock.ts";

/** Where the fake account is. */
export const SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";
export const GROUP = "rg-lightning";
export const ACCOUNT = "oai-lightning";
export const LOCATION = "swedencentral";
const ACCOUNT_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.CognitiveServices/accounts/${ACCOUNT}`;
const OPERATIONS = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.CognitiveServices/locations/${LOCATION}/operationResults`;

export interface ArmReply {
  readonly status: number;
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
}

/** How the next deployment turns out; `status` refuses the request, `state` ends its operation. */
export type Outcome =
  | { readonly state: "Failed" | "Canceled"; readonly code: string; readonly message: string }
  | { readonly status: number; readonly code: string; readonly message: string };

interface Item {
  readonly name: string;
  readonly body: {
    sku: { name: string; capacity: number };
    properties: { model: { name: string; format: string } };
  };
  readonly createdAt: number;
  readonly madeAt: number;
  /** ARM says Succeeded before the data plane answers. */
  readonly answersAt: number;
  readonly failure?: { code: string; message: string; state: string } | undefined;
  goneAt?: number;
}

/** Deployments of one account as Azure Resource Manager shows them. Our reading of its documents, not the service. */
export function createArm(clock: Clock, origin: () => string) {
  const items = new Map<string, Item>();
  const operations = new Map<string, Item>();
  const knobs = {
    /** From the request to Succeeded. */
    makingMs: 90_000,
    /** From Succeeded to the first answer of the data plane. */
    answersAfterMs: 30_000,
    removingMs: 15_000,
    /** Fine-tuned deployments that the account may have. */
    most: 10,
    /** The caller may look but not write. */
    readOnly: false,
    /** `async`: 201 with Azure-AsyncOperation; `location`: 202 with Location; `body`: 201, to be polled by itself. */
    style: "async" as "async" | "location" | "body",
    outcomes: [] as Outcome[],
    /** Deployments that never answer, by how many more of them. */
    deaf: 0,
    models: [] as unknown[],
  };
  /** Names in the order in which deployments came into being. */
  const made: string[] = [];
  const removed: string[] = [];

  const sweep = () => {
    for (const [name, item] of items)
      if (item.goneAt !== undefined && clock.now() >= item.goneAt) items.delete(name);
  };
  const stateOf = (item: Item): string => {
    if (item.goneAt !== undefined) return "Deleting";
    if (clock.now() < item.madeAt) return "Creating";
    return item.failure?.state ?? "Succeeded";
  };
  const shown = (item: Item) => ({
    id: `${ACCOUNT_ID}/deployments/${item.name}`,
    name: item.name,
    type: "Microsoft.CognitiveServices/accounts/deployments",
    sku: item.body.sku,
    systemData: { createdAt: toIso(item.createdAt) },
    properties: { ...item.body.properties, provisioningState: stateOf(item) },
  });
  const error = (status: number, code: string, message: string): ArmReply => ({
    status,
    json: { error: { code, message } },
  });

  function put(name: string, body: Item["body"]): ArmReply {
    const before = items.get(name);
    if (before?.goneAt !== undefined)
      return error(409, "RequestConflict", "Another operation is being performed.");
    if (before !== undefined && stateOf(before) !== "Failed") {
      if (before.body.properties.model.name !== body.properties.model.name)
        return error(400, "InvalidResourceProperties", "The model of a deployment cannot be changed.");
      return { status: 200, json: shown(before) };
    }
    const outcome = knobs.outcomes.shift();
    if (outcome !== undefined && "status" in outcome)
      return error(outcome.status, outcome.code, outcome.message);
    const tuned = [...items.values()].filter((one) => one.body.properties.model.name.includes(".ft-"));
    if (tuned.length >= knobs.most && before === undefined)
      return error(
        400,
        "InsufficientQuota",
        `The maximum of ${knobs.most} fine-tuned deployments of the resource has been reached.`,
      );
    const deaf = knobs.deaf > 0;
    if (deaf) knobs.deaf--;
    const madeAt = clock.now() + knobs.makingMs;
    const item: Item = {
      name,
      body,
      createdAt: clock.now(),
      madeAt,
      answersAt: deaf ? Number.POSITIVE_INFINITY : madeAt + knobs.answersAfterMs,
      ...(outcome === undefined
        ? {}
        : { failure: { code: outcome.code, message: outcome.message, state: outcome.state } }),
    };
    items.set(name, item);
    made.push(name);
    if (knobs.style === "body") return { status: 201, json: shown(item) };
    const id = `op-${made.length}`;
    operations.set(id, item);
    const address = `${origin()}${OPERATIONS}/${id}?api-version=2025-09-01`;
    return knobs.style === "async"
      ? { status: 201, json: shown(item), headers: { "azure-asyncoperation": address } }
      : { status: 202, json: shown(item), headers: { location: address } };
  }

  function remove(name: string): ArmReply {
    const item = items.get(name);
    if (item === undefined) return { status: 204 };
    if (item.goneAt === undefined) {
      item.goneAt = clock.now() + knobs.removingMs;
      removed.push(name);
    }
    const id = `op-gone-${removed.length}`;
    operations.set(id, item);
    return {
      status: 202,
      headers: { location: `${origin()}${OPERATIONS}/${id}?api-version=2025-09-01` },
    };
  }

  function operation(id: string): ArmReply {
    const item = operations.get(id);
    if (item === undefined) return error(404, "NotFound", "The operation is not known any more.");
    if (id.startsWith("op-gone-")) return items.get(item.name) === item ? { status: 202 } : { status: 204 };
    const going = clock.now() < item.madeAt;
    if (knobs.style === "location")
      return going
        ? { status: 202 }
        : item.failure === undefined
          ? { status: 200, json: shown(item) }
          : error(400, item.failure.code, item.failure.message);
    const status = going ? "InProgress" : (item.failure?.state ?? "Succeeded");
    return {
      status: 200,
      json: {
        id: `${OPERATIONS}/${id}`,
        name: id,
        status,
        ...(going || item.failure === undefined
          ? {}
          : { error: { code: item.failure.code, message: item.failure.message } }),
      },
    };
  }

  return {
    knobs,
    made,
    removed,
    /** Everything there is, whatever its state. */
    names: (): string[] => {
      sweep();
      return [...items.keys()];
    },
    /** One that is simply there, as an operator or an earlier day made it. */
    add(name: string, model: string, createdAt = clock.now()): void {
      const body = {
        sku: { name: "GlobalStandard", capacity: 50 },
        properties: { model: { name: model, format: "OpenAI" } },
      };
      items.set(name, { name, body, createdAt, madeAt: createdAt, answersAt: createdAt });
    },
    /** As Azure does after fifteen days without a call. */
    vanish(name: string): void {
      items.delete(name);
    },
    /** What a call to the data plane finds under a name. */
    behind(name: string): { readonly model: string } | "not ready" | undefined {
      sweep();
      const item = items.get(name);
      if (item === undefined || stateOf(item) === "Creating") return undefined;
      if (clock.now() < item.answersAt || stateOf(item) !== "Succeeded") return "not ready";
      return { model: item.body.properties.model.name };
    },
    answer(method: string, path: string, body: unknown): ArmReply | undefined {
      sweep();
      if (path.startsWith(`${OPERATIONS}/`)) return operation(path.slice(OPERATIONS.length + 1));
      if (
        path ===
        `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.CognitiveServices/locations/${LOCATION}/models`
      )
        return { status: 200, json: { value: knobs.models } };
      if (!path.startsWith("/subscriptions/")) return undefined;
      if (path === ACCOUNT_ID)
        return { status: 200, json: { id: ACCOUNT_ID, name: ACCOUNT, location: LOCATION } };
      if (!path.startsWith(`${ACCOUNT_ID}/deployments`))
        return error(404, "ResourceGroupNotFound", "The resource group could not be found.");
      const name = path.slice(`${ACCOUNT_ID}/deployments/`.length);
      if (method === "GET" && name === "")
        return { status: 200, json: { value: [...items.values()].map(shown) } };
      const item = items.get(name);
      if (method === "GET")
        return item === undefined
          ? error(404, "ResourceNotFound", `The deployment '${name}' was not found.`)
          : { status: 200, json: shown(item) };
      if (knobs.readOnly)
        return error(
          403,
          "AuthorizationFailed",
          "The client does not have authorization to perform action 'Microsoft.CognitiveServices/accounts/deployments/write'.",
        );
      if (method === "PUT") return put(name, body as Item["body"]);
      if (method === "DELETE") return remove(name);
      return undefined;
    },
  };
}
export type FakeArm = ReturnType<typeof createArm>;
