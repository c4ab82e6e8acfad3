import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface SilentServer {
  readonly endpoint: string;
  /** Requests that were taken. */
  taken(): number;
  /** Resolves as soon as no connection is open. */
  left(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Takes every request and answers none; or, with the start of an answer, gives that and stops: its head and some bytes of
 * a body that is said to be longer.
 */
export async function startSilentServer(
  start?: (path: string) => { readonly headers: Record<string, string>; readonly body: string } | undefined,
): Promise<SilentServer> {
  let taken = 0;
  const server: Server = createServer((req, res) => {
    taken += 1;
    req.resume();
    const begun = start?.(req.url ?? "");
    if (begun === undefined) return;
    res.writeHead(200, begun.headers);
    res.write(begun.body);
  });
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0) for (const resolve of waiting.splice(0)) resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: () => taken,
    left: async () => {
      if (sockets.size > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
