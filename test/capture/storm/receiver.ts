import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How a receiver can be: well, ill in all the ways that were met, or another server altogether. */
export const MOODS = [
  "well",
  "slow",
  "hangs",
  "resets",
  "html 400",
  "html 404",
  "html 409",
  "html 413",
  "html 502",
  "busy",
  "puts off",
  "another's JSON",
  "another's error",
] as const;
export type Mood = (typeof MOODS)[number];

interface Sent {
  readonly id: string;
  readonly user_input: string;
}

const html = (response: ServerResponse, status: number) =>
  response.writeHead(status, { "content-type": "text/html" }).end(`<html><h1>${status}</h1></html>`);
const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

/** Answers as the function app does, and stores an id once; whatever is called poison it never can, and refuses what asks for it. */
export class Receiver {
  mood: Mood = "well";
  readonly stored = new Set<string>();
  readonly refused = new Set<string>();
  /** Episodes that came although they were stored already. */
  repeated = 0;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { mood } = this;
    let text = "";
    for await (const piece of request.setEncoding("utf8")) text += String(piece);
    const { episodes } = JSON.parse(text) as { episodes: Sent[] };
    if (mood === "hangs") return;
    if (mood === "resets") request.socket.destroy();
    else if (mood.startsWith("html")) html(response, Number(mood.slice(5)));
    else if (mood === "busy") json(response, 503, { error: { code: "ledger_busy", message: "Later." } });
    else if (mood === "puts off") {
      response.setHeader("retry-after", "1");
      json(response, 429, { error: { code: "rate_limited", message: "Later." } });
    } else if (mood === "another's JSON") json(response, 200, { status: "ok" });
    else if (mood === "another's error") json(response, 400, { error: { code: "BadRequest", message: "?" } });
    else {
      if (mood === "slow") await new Promise((resolve) => setTimeout(resolve, 150));
      this.#store(episodes, response);
    }
  }

  #store(episodes: readonly Sent[], response: ServerResponse): void {
    // As a gateway before the app does with the body that it cannot stand.
    if (episodes.some(({ user_input }) => user_input === "poison")) {
      html(response, 500);
      return;
    }
    const results = episodes.map(({ id, user_input }, index) => {
      if (user_input === "refused") {
        this.refused.add(id);
        const error = { code: "invalid_input", message: "No.", status: 422, field: "user_input" };
        return { index, status: "error", id, error };
      }
      if (this.stored.has(id)) this.repeated++;
      this.stored.add(id);
      return { index, status: "recorded", id };
    });
    const failed = results.filter(({ status }) => status === "error").length;
    json(response, 207, {
      success: failed === 0,
      recorded: results.length - failed,
      duplicates: 0,
      failed,
      results,
    });
  }
}
