import type { FakeArm } from "./arm.ts";

export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: URL;
  readonly contentType: string | undefined;
  readonly body: Buffer<ArrayBuffer>;
}
export interface WireReply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | string;
}

/** Azure's word for the states that the local provider calls as OpenAI does. */
const STATES: Readonly<Record<string, string>> = { validating_files: "pending", queued: "pending" };
const json = (status: number, value: unknown): WireReply => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});
const fault = (status: number, code: string, message: string): WireReply =>
  json(status, { error: { code, message, type: null, param: null } });

/**
 * Azure OpenAI's `/openai/v1` as far as it differs from OpenAI: a chat names a deployment, jobs have Azure's states and
 * `trainingType`, tuned models Azure's names, large files their own paths. What trains and answers is the local provider.
 */
export function createDataPlane(arm: FakeArm, local: { readonly baseURL: string; readonly apiKey: string }) {
  /** Ids of the jobs that were created, and what was asked for. */
  const jobs: string[] = [];
  const jobRequests: Record<string, unknown>[] = [];
  const deletedJobs = new Set<string>();
  /** States shown instead of the real ones, by job. */
  const shownStates = new Map<string, string>();
  const uploads = new Map<string, { filename: string; parts: Map<string, Buffer> }>();
  const files: { name: string; way: "whole" | "parts" }[] = [];

  const ours = (text: string) => text.replaceAll(".local-ft-", ".ft-");
  const theirs = (text: string) => text.replaceAll(".ft-", ".local-ft-");

  async function pass(
    path: string,
    init: { method: string; type?: string | undefined; body?: NonNullable<RequestInit["body"]> | undefined },
  ): Promise<WireReply> {
    const response = await fetch(`${local.baseURL}${path}`, {
      method: init.method,
      headers: {
        authorization: `Bearer ${local.apiKey}`,
        ...(init.type === undefined ? {} : { "content-type": init.type }),
      },
      ...(init.body === undefined ? {} : { body: init.body }),
    });
    const type = response.headers.get("content-type") ?? "";
    const body = new Uint8Array(await response.arrayBuffer());
    return {
      status: response.status,
      headers: { "content-type": type },
      body: type.startsWith("application/json") ? rewritten(Buffer.from(body).toString()) : body,
    };
  }

  function rewritten(text: string): string {
    return JSON.stringify(JSON.parse(ours(text)), (_key, value: unknown) => {
      if (typeof value !== "object" || value === null || !("object" in value)) return value;
      const one = value as { object: unknown; id?: string; status?: string; data?: { id?: string }[] };
      if (one.object === "list" && Array.isArray(one.data))
        return { ...one, data: one.data.filter(({ id }) => id === undefined || !deletedJobs.has(id)) };
      if (one.object !== "fine_tuning.job" || one.status === undefined) return value;
      return { ...one, status: shownStates.get(one.id ?? "") ?? STATES[one.status] ?? one.status };
    });
  }

  async function chat(request: WireRequest): Promise<WireReply> {
    const asked = JSON.parse(request.body.toString()) as { model: string };
    const behind = arm.behind(asked.model);
    if (behind === undefined)
      return fault(404, "DeploymentNotFound", "The API deployment for this resource does not exist.");
    if (behind === "not ready") return fault(404, "DeploymentNotReady", "The deployment is not ready yet.");
    const body = JSON.stringify({ ...asked, model: theirs(behind.model) });
    return pass("/chat/completions", { method: "POST", type: "application/json", body });
  }

  async function createJob(request: WireRequest): Promise<WireReply> {
    const asked = JSON.parse(request.body.toString()) as Record<string, unknown>;
    const { trainingType: _type, ...rest } = asked;
    const refused = asSupervised(rest);
    if (refused !== undefined) return refused;
    const reply = await pass("/fine_tuning/jobs", {
      method: "POST",
      type: "application/json",
      body: theirs(JSON.stringify(rest)),
    });
    if (reply.status < 300) {
      jobs.push((JSON.parse(String(reply.body)) as { id: string }).id);
      jobRequests.push(asked);
    }
    return reply;
  }

  /**
   * What trains behind this fake knows supervision alone: files of preferences and of prompts arrive there as
   * conversations, so that such a job has a course and an end. What Azure refuses of such jobs is refused here.
   */
  function asSupervised(body: Record<string, unknown>): WireReply | undefined {
    const method = body.method as { type?: string; reinforcement?: { grader?: unknown } } | undefined;
    if (method?.type !== "dpo" && method?.type !== "reinforcement") return undefined;
    for (const [what, value] of [
      ["grader", method.reinforcement?.grader],
      ["validation file", body.validation_file],
    ])
      if (method.type === "reinforcement" && value === undefined)
        return fault(400, "invalidPayload", `A ${String(what)} is required for reinforcement fine-tuning.`);
    body.method = { type: "supervised" };
    return undefined;
  }

  async function uploadFile(request: WireRequest): Promise<WireReply> {
    files.push({ name: "", way: "whole" });
    const headers = { "content-type": request.contentType ?? "" };
    const form = await new Response(request.body, { headers }).formData();
    const file = form.get("file") as unknown as File;
    const lines = (await file.text()).split("\n");
    form.set("file", new File([lines.map(conversation).join("\n")], file.name));
    return pass("/files", { method: "POST", body: form });
  }

  /** The dated paths: uploads in parts, and the removal of a job's history. */
  async function dated(request: WireRequest, path: string): Promise<WireReply> {
    if (!request.url.searchParams.has("api-version")) return fault(404, "404", "Resource not found");
    const [, id, what] = /^\/uploads(?:\/([^/]+)\/(parts|complete|cancel))?$/.exec(path) ?? [];
    if (request.method === "POST" && path === "/uploads") {
      const { filename, bytes } = JSON.parse(request.body.toString()) as { filename: string; bytes: number };
      const made = `upload-${uploads.size + 1}`;
      uploads.set(made, { filename, parts: new Map() });
      return json(200, {
        id: made,
        object: "upload",
        bytes,
        filename,
        purpose: "fine-tune",
        status: "pending",
      });
    }
    const upload = uploads.get(id ?? "");
    if (upload !== undefined && what === "parts") {
      const form = await new Response(request.body, {
        headers: { "content-type": request.contentType ?? "" },
      }).formData();
      const part = `part-${id}-${upload.parts.size + 1}`;
      upload.parts.set(part, Buffer.from(await (form.get("data") as unknown as Blob).arrayBuffer()));
      return json(200, { id: part, object: "upload.part", upload_id: id, created_at: 0 });
    }
    if (upload !== undefined && what === "complete") {
      const { part_ids } = JSON.parse(request.body.toString()) as { part_ids: string[] };
      const content = Buffer.concat(part_ids.map((part) => upload.parts.get(part) ?? Buffer.alloc(0)));
      const form = new FormData();
      form.set("purpose", "fine-tune");
      form.set("file", new File([content], upload.filename));
      const reply = await pass("/files", { method: "POST", body: form });
      files.push({ name: upload.filename, way: "parts" });
      return json(200, { id, object: "upload", status: "completed", file: JSON.parse(String(reply.body)) });
    }
    const job = /^\/fine_tuning\/jobs\/([^/]+)$/.exec(path)?.[1];
    if (request.method === "DELETE" && job !== undefined) {
      deletedJobs.add(job);
      return { status: 204, headers: {}, body: "" };
    }
    return fault(404, "404", "Resource not found");
  }

  return {
    jobs,
    jobRequests,
    deletedJobs,
    shownStates,
    files,
    async answer(request: WireRequest): Promise<WireReply | undefined> {
      const { pathname, search } = request.url;
      if (!pathname.startsWith("/openai/")) return undefined;
      if (!pathname.startsWith("/openai/v1/")) return dated(request, pathname.slice("/openai".length));
      const path = pathname.slice("/openai/v1".length);
      if (path === "/chat/completions") return chat(request);
      if (request.method === "POST" && path === "/fine_tuning/jobs") return createJob(request);
      if (request.method === "POST" && path === "/files") return uploadFile(request);
      return pass(`${path}${search}`, {
        method: request.method,
        type: request.contentType,
        body: request.body.length === 0 ? undefined : request.body,
      });
    },
  };
}
export type FakeDataPlane = ReturnType<typeof createDataPlane>;

/** A line of preferences or prompts as a conversation; every other text as it is. */
function conversation(text: string): string {
  if (!/^\{"(?:input|messages)":/.test(text)) return text;
  const line = JSON.parse(text) as {
    input?: { messages: object[]; tools?: object[] };
    preferred_output?: object[];
    messages?: object[];
    tools?: object[];
    reference_answer?: string;
  };
  const { input = line, preferred_output, reference_answer } = line;
  if (preferred_output === undefined && reference_answer === undefined) return text;
  const answer = preferred_output ?? [{ role: "assistant", content: reference_answer }];
  const { tools } = input;
  const messages = [...(input.messages ?? []), ...answer];
  return JSON.stringify({ messages, ...(tools === undefined ? {} : { tools }) });
}
