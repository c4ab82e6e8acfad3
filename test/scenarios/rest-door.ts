const PAUSE_MS = 50;

/** An app's REST operations over HTTP, however often it dies meanwhile. */
export abstract class RestDoor {
  /** Longest time that a request is repeated while the app is away. */
  protected readonly patienceMs: number = 60_000;

  /** Where it answers at the moment. */
  abstract get url(): string;

  /** A REST call; rejects when the app dies before it has answered. */
  async call(
    method: "GET" | "POST",
    address: string,
    body?: unknown,
    headers: Record<string, string> = {},
    // biome-ignore lint/suspicious/noExplicitAny: replies of every shape
  ): Promise<any> {
    const response = await fetch(`${this.url}${address}`, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${address} answered ${response.status}: ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Calls again until the app answers: for requests that may be repeated without harm. */
  async insist(...request: Parameters<RestDoor["call"]>): ReturnType<RestDoor["call"]> {
    for (const until = performance.now() + this.patienceMs; ; ) {
      try {
        return await this.call(...request);
      } catch (thrown) {
        if (performance.now() > until || / answered 4\d\d:/.test((thrown as Error).message)) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }
}
