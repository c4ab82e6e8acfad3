import { Server } from "node:net";

/**
 * Does work in which @azure/functions opens its server for streamed requests (it listens on every address of the
 * machine and keeps the process alive): here that server listens on loopback and keeps nothing alive.
 */
export async function onLoopback<T>(work: () => Promise<T> | undefined): Promise<T | undefined> {
  // oxlint-disable-next-line typescript/unbound-method -- called with the server it belongs to
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    const isAnywhere = args.length === 0 || typeof args[0] === "function";
    const given = isAnywhere ? [0, "127.0.0.1", ...args] : args;
    return (Reflect.apply(listen, this, given) as Server).unref();
  } as typeof listen;
  try {
    return await work();
  } finally {
    Server.prototype.listen = listen;
  }
}
