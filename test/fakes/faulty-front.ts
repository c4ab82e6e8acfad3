import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { createFaults, type Fault } from "./cosmos/faults.ts";

/** In front of a service on loopback: hands everything on, but for what the fault queue says. */
export interface FrontFault extends Fault {
  /** The answer's body breaks off after so many bytes; `with` and `applied` then mean nothing. */
  readonly cutAfter?: number;
}

export async function startFaultyFront(target: string) {
  const queue = createFaults();
  const requests: string[] = [];
  const { hostname, port } = new URL(target);

  const server = createServer((req, res) => {
    requests.push(`${req.method ?? ""} ${req.url ?? ""}`);
    const fault: FrontFault | undefined = queue.take(req);
    const fail = () => {
      if (fault?.with === "drop") return void res.destroy();
      if (fault?.with === "never") return;
      res.writeHead(Number(fault?.with), { "x-ms-error-code": "ServerBusy", "content-length": "0" }).end();
    };
    if (fault !== undefined && fault.cutAfter === undefined && fault.applied !== true) {
      req.resume().on("end", fail);
      return;
    }
    const { method, url: path, headers } = req;
    const onward = send({ hostname, port, method, path, headers }, (answer) => {
      if (fault !== undefined && fault.cutAfter === undefined) {
        answer.resume().on("end", fail);
        return;
      }
      res.writeHead(answer.statusCode ?? 500, answer.headers);
      let left = fault?.cutAfter ?? Number.POSITIVE_INFINITY;
      if (left === 0) {
        res.flushHeaders();
        setImmediate(() => res.destroy());
      }
      answer.on("data", (piece: Buffer) => {
        if (left <= 0) return;
        const cut = piece.byteLength > left;
        // What was sent is let through before the connection ends.
        res.write(piece.subarray(0, left), () => {
          if (cut) res.destroy();
        });
        left -= piece.byteLength;
      });
      answer.on("end", () => {
        if (left > 0) res.end();
      });
    });
    onward.on("error", () => res.destroy());
    req.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    requests,
    faults: { ...queue, add: (...faults: FrontFault[]) => queue.add(...faults) },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type FaultyFront = Awaited<ReturnType<typeof startFaultyFront>>;
