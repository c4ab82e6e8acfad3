import type { CognitiveServicesManagementClient, Deployment } from "@azure/arm-cognitiveservices";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { type Deadline, eachWithin, withDeadline } from "../../kernel/deadline.ts";
import { isKind, isLightningError, messageOf, unavailable } from "../../kernel/errors.ts";
import { isQuota, toHostingError } from "../errors.ts";
import type { HostedModel, Hosting, HostProgress, HostRequest, OfferedModel } from "../hosting.ts";
import {
  type Account,
  type ArmSettings,
  accountOf,
  type Credential,
  defaultCredential,
  openClient,
} from "./client.ts";

/** The version of every fine-tuned model (docs/facts.md#model-version). */
const MODEL_VERSION = "1";
interface Abortable {
  readonly abortSignal: AbortSignal;
}
const MAKING = new Set(["Accepted", "Creating", "Moving"]);

/** Deployments through Azure Resource Manager, when the settings name an account; else undefined. */
export function armHostingFromSettings(
  settings: ArmSettings,
  credential?: Credential,
  clock?: Pick<Clock, "now">,
): Hosting | undefined {
  const account = accountOf(settings);
  return account === undefined ? undefined : createArmHosting(settings, account, credential, clock);
}

export function createArmHosting(
  settings: ArmSettings,
  account: Account,
  credential: Credential = defaultCredential(),
  clock: Pick<Clock, "now"> = systemClock,
): Hosting {
  let opening: Promise<CognitiveServicesManagementClient> | undefined;
  const open = () => {
    opening ??= openClient(settings, account, credential);
    return opening;
  };
  const at = [account.group, account.name] as const;

  /** A call that is late is made again later, by its orchestration. */
  const deadline = (what: string): Deadline => ({
    clock: systemClock,
    ms: settings.armTimeoutSeconds * 1000,
    late: () =>
      unavailable(
        "hosting_timeout",
        `${what}: Azure Resource Manager gave no answer within ${settings.armTimeoutSeconds} s.`,
        { remedy: "Try again; LIGHTNING_ARM_TIMEOUT_SECONDS is the time that an answer may take." },
      ),
  });

  async function call<T>(
    what: string,
    work: (client: CognitiveServicesManagementClient, options: Abortable) => Promise<T>,
  ): Promise<T> {
    try {
      return await withDeadline(deadline(what), async (abortSignal) => work(await open(), { abortSignal }));
    } catch (thrown) {
      throw toHostingError(thrown, what, clock.now());
    }
  }

  async function* walk<T>(
    what: string,
    list: (
      client: CognitiveServicesManagementClient,
      options: Abortable,
    ) => AsyncIterable<T> | Promise<AsyncIterable<T>>,
  ): AsyncGenerator<T> {
    try {
      yield* eachWithin(deadline(what), async (abortSignal) => list(await open(), { abortSignal }));
    } catch (thrown) {
      throw toHostingError(thrown, what, clock.now());
    }
  }

  async function read(name: string): Promise<HostedModel | undefined> {
    try {
      return await call(`reading deployment ${name}`, async (client, options) =>
        shown(await client.deployments.get(...at, name, options)),
      );
    } catch (error) {
      if (isLightningError(error) && error.code === "hosting_account_missing" && !isAccount(error.details))
        return undefined;
      throw error;
    }
  }

  /** One request that begins the operation or, with `resumeFrom`, one look at it. */
  async function operate(request: HostRequest, resumeFrom?: string): Promise<HostProgress> {
    const what = `making deployment ${request.name}`;
    let accepted = resumeFrom !== undefined;
    try {
      const poller = await withDeadline(deadline(what), async (abortSignal) =>
        (await open()).deployments.beginCreateOrUpdate(...at, request.name, bodyOf(request), {
          abortSignal,
          ...(resumeFrom === undefined ? {} : { resumeFrom }),
          onResponse: (response) => {
            accepted ||= response.status < 300;
          },
        }),
      );
      const made = poller.getOperationState().status === "succeeded" ? await read(request.name) : undefined;
      return made === undefined ? { kind: "making", operation: poller.toString() } : progressOf(made);
    } catch (thrown) {
      // An operation that was accepted and has ended badly is an outcome; the package throws a plain error for it.
      const { statusCode } = thrown as { statusCode?: number };
      if (
        !accepted ||
        statusCode !== undefined ||
        !/operation (has failed|was canceled)/i.test(messageOf(thrown))
      )
        throw toHostingError(thrown, what, clock.now());
      return failure(messageOf(thrown));
    }
  }

  return {
    kind: "arm",
    read,
    begin: (request) => operate(request),

    async look(request, operation) {
      const hosted = await read(request.name);
      const progress: HostProgress = hosted === undefined ? { kind: "absent" } : progressOf(hosted);
      // The deployment itself says whether it is there; only the operation says why it is not.
      if (operation === undefined || progress.kind === "made" || progress.kind === "removing")
        return progress;
      try {
        return await operate(request, operation);
      } catch (error) {
        // Operations expire after a while: the deployment's own state is what is left.
        if (isKind(error, "not_found")) return progress;
        throw error;
      }
    },

    async *list() {
      for await (const one of walk("listing deployments", (client, options) =>
        client.deployments.list(...at, options),
      ))
        yield shown(one);
    },

    async remove(name) {
      try {
        await call(`removing deployment ${name}`, (client, options) =>
          client.deployments.beginDelete(...at, name, options),
        );
      } catch (error) {
        if (!isKind(error, "not_found") || isAccount(error.details)) throw error;
      }
    },

    async *offered(): AsyncGenerator<OfferedModel> {
      const models = walk("listing models", async (client, options) => {
        const { location } = await client.accounts.get(...at, options);
        return client.models.list(location ?? "", options);
      });
      for await (const { model } of models) {
        if (model?.name === undefined) continue;
        yield {
          name: model.name,
          version: model.version ?? "",
          format: model.format ?? "",
          lifecycle: model.lifecycleStatus,
          trainingRetires: model.deprecation?.fineTune,
          inferenceRetires: model.deprecation?.inference,
          tunable: model.capabilities?.fineTune === "true",
        };
      }
    },
  };
}

const bodyOf = ({ model, format, sku, capacity }: HostRequest): Deployment => ({
  sku: { name: sku, capacity },
  properties: {
    model: { format, name: model, version: MODEL_VERSION },
    versionUpgradeOption: "NoAutoUpgrade",
  },
});

function shown(deployment: Deployment): HostedModel {
  const created = deployment.systemData?.createdAt?.getTime();
  return {
    name: deployment.name ?? "",
    model: deployment.properties?.model?.name ?? "",
    sku: deployment.sku?.name ?? "",
    capacity: deployment.sku?.capacity ?? 0,
    state: deployment.properties?.provisioningState ?? "",
    ...(created === undefined ? {} : { createdAt: created }),
  };
}

function progressOf(hosted: HostedModel): HostProgress {
  if (hosted.state === "Succeeded") return { kind: "made", hosted };
  if (hosted.state === "Deleting") return { kind: "removing" };
  if (MAKING.has(hosted.state)) return { kind: "making" };
  return {
    kind: "failed",
    code: "provisioning_failed",
    message: `The deployment is in state ${hosted.state}.`,
  };
}

/** `The long-running operation has failed. InsufficientQuota. This operation require …` */
function failure(message: string): HostProgress {
  const text = message.replace(/^The long-running operation has failed\.?\s*/i, "");
  const code = /^([A-Za-z]+)\./.exec(text)?.[1] ?? "";
  return {
    kind: "failed",
    code: isQuota(code, text) ? "deployment_quota" : "provisioning_failed",
    message: text.slice(0, 1000),
  };
}

/** 404 with these codes is about what holds the deployment, not about the deployment. */
function isAccount(details: unknown): boolean {
  const { code } = (details ?? {}) as { code?: string };
  return ["SubscriptionNotFound", "ResourceGroupNotFound", "ParentResourceNotFound"].includes(code ?? "");
}
