// HTTP functions: the SDK's client by method name, its URLs, and targets for callHttp.

const fs = require("node:fs");
const { app } = require("@azure/functions");
const df = require("durable-functions");
const { stateFile } = require("./state.js");

app.http("client", {
  methods: ["POST"],
  route: "client",
  authLevel: "anonymous",
  extraInputs: [df.input.durableClient()],
  handler: async (req, ctx) => {
    const c = df.getClient(ctx);
    const { method, args } = JSON.parse(await req.text());
    const a = (args ?? []).map((x) =>
      x && typeof x === "object" && x.$entity
        ? new df.EntityId(x.$entity[0], x.$entity[1])
        : x && typeof x === "object" && x.$date
          ? new Date(x.$date)
          : x && typeof x === "object" && x.$undefined
            ? undefined
            : x,
    );
    try {
      const v = await c[method](...a);
      return { jsonBody: { ok: true, undefined: v === undefined, value: v ?? null } };
    } catch (e) {
      return {
        jsonBody: {
          ok: false,
          name: e?.name,
          message: e?.message,
          status: e?.response?.status ?? e?.statusCode,
          isAxios: e?.isAxiosError,
        },
      };
    }
  },
});

app.http("payload", {
  methods: ["GET", "POST"],
  route: "payload/{id}",
  authLevel: "anonymous",
  extraInputs: [df.input.durableClient()],
  handler: async (req, ctx) => {
    const c = df.getClient(ctx);
    return { jsonBody: c.createHttpManagementPayload(req.params.id) };
  },
});

app.http("check", {
  methods: ["GET", "POST"],
  route: "check/{id}",
  authLevel: "anonymous",
  extraInputs: [df.input.durableClient()],
  handler: async (req, ctx) => {
    const c = df.getClient(ctx);
    return c.createCheckStatusResponse(req, req.params.id);
  },
});

app.http("waitdone", {
  methods: ["POST"],
  route: "waitdone/{id}",
  authLevel: "anonymous",
  extraInputs: [df.input.durableClient()],
  handler: async (req, ctx) => {
    const c = df.getClient(ctx);
    return await c.waitForCompletionOrCreateCheckStatusResponse(req, req.params.id, {
      timeoutInMilliseconds: +(req.query.get("t") ?? 3000),
      retryIntervalInMilliseconds: 500,
    });
  },
});

app.http("target", {
  methods: ["GET", "POST", "PUT", "DELETE", "PATCH"],
  route: "target/{what?}",
  authLevel: "anonymous",
  handler: async (req) => {
    const w = req.params.what;
    if (w === "redirect")
      return { status: 302, headers: { location: new URL("/api/target/ok", req.url).href } };
    if (w === "fail") return { status: 500, body: "no" };
    if (w === "notfound") return { status: 404, body: "nf" };
    if (w === "poll") {
      const f = stateFile("poll-" + (req.query.get("key") ?? ""));
      const n = fs.existsSync(f) ? 1 : 0;
      if (n) {
        fs.unlinkSync(f);
        return { status: 200, jsonBody: { polled: true } };
      }
      fs.writeFileSync(f, "x");
      return {
        status: 202,
        headers: {
          location: new URL("/api/target/poll?key=" + (req.query.get("key") ?? ""), req.url).href,
          "retry-after": "1",
        },
      };
    }
    if (w === "echo")
      return {
        status: 200,
        jsonBody: {
          method: req.method,
          ct: req.headers.get("content-type"),
          x: req.headers.get("x-probe"),
          body: await req.text(),
        },
      };
    return { status: 200, headers: { "x-one": "1", "content-type": "text/plain" }, body: "fine" };
  },
});
