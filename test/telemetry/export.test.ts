import { readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openTelemetry } from "../../src/telemetry/open.ts";
import { noTelemetry } from "../../src/telemetry/telemetry.ts";

interface Sent {
  readonly url: string | undefined;
  readonly text: string;
}

/** A collector that keeps what it is sent. */
const sent: Sent[] = [];
const server = http.createServer((request, response) => {
  let text = "";
  request.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
  });
  request.on("end", () => {
    sent.push({ url: request.url, text });
    response.end("{}");
  });
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => {
  server.close();
});

describe("telemetry", () => {
  it("is nothing at all while no destination is set", async () => {
    const none = { applicationInsights: undefined, otlpEndpoint: undefined, websiteSiteName: undefined };
    expect(openTelemetry(none, silentLogger)).toBe(noTelemetry);
    expect(await noTelemetry.span("x", {}, async () => 1)).toBe(1);
    expect(await noTelemetry.follow(undefined, undefined, async () => 2)).toBe(2);
  });

  it("imports OpenTelemetry in one file, which only a destination makes it load", () => {
    const folder = path.resolve(import.meta.dirname, "../../src/telemetry");
    const importing = readdirSync(folder).filter((file) =>
      /^import (?!type)[^;]* from "@(?:opentelemetry|azure)/m.test(
        readFileSync(path.join(folder, file), "utf8"),
      ),
    );
    expect(importing).toEqual(["tracing.ts"]);
    expect(readFileSync(path.join(folder, "open.ts"), "utf8")).not.toMatch(/from "\.\/tracing/);
  });

  it("sends spans to an OTLP collector, in Azure as a part of the host's trace and only where that is sampled", async () => {
    const telemetry = openTelemetry(
      {
        applicationInsights: undefined,
        otlpEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
        websiteSiteName: "lightning-app",
      },
      silentLogger,
    );
    const [traceId, other] = ["0af7651916cd43dd8448eb211c80319c", "1bf7651916cd43dd8448eb211c80319d"];
    const seen: number[] = [];
    for (const [id, flags] of [
      [traceId, "01"],
      [other, "00"],
    ] as const)
      await telemetry.follow({ traceParent: `00-${id}-b7ad6b7169203331-${flags}` }, undefined, () =>
        telemetry.span(
          "getStats",
          { attributes: { "lightning.agent_id": "mcp-agents", left_out: undefined } },
          async () => {
            seen.push(1);
          },
        ),
      );
    await telemetry.close();
    expect(seen).toHaveLength(2);
    expect(sent.map(({ url }) => url)).toEqual(["/v1/traces"]);
    const text = sent[0]?.text ?? "";
    for (const part of [traceId, "b7ad6b7169203331", "getStats", "mcp-agents", "lightning-app"])
      expect(text).toContain(part);
    expect(text).not.toContain(other);
  });
});
