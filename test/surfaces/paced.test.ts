import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { noteAnswers, paced } from "../../src/surfaces/paced.ts";

const PIECE = 65_536;
const PIECES = 800;

describe("a file's bytes on their way to the Functions host", () => {
  /** Writes as @azure/functions does, which waits for nobody; tells how much was asked for, and the listeners added meanwhile. */
  async function served(take: (message: http.IncomingMessage, asked: () => number) => Promise<unknown>) {
    let asked = 0;
    const file = async function* () {
      for (; asked < PIECES; asked++) {
        await new Promise(setImmediate);
        yield Buffer.alloc(PIECE);
      }
    };
    let added = 0;
    let ended = () => {};
    const end = new Promise<void>((resolve) => (ended = resolve));
    const server = http.createServer((_request, response) => {
      void (async () => {
        const listeners = () =>
          response.eventNames().reduce((sum, event) => sum + response.listenerCount(event), 0);
        const before = listeners();
        for await (const piece of paced("invocation-1", file())) response.write(piece);
        added = listeners() - before;
        response.end();
        ended();
      })();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const message = await new Promise<http.IncomingMessage>((resolve) =>
      http.get({ port, agent: false, headers: { "x-ms-invocation-id": "invocation-1" } }, resolve),
    );
    await take(message, () => asked);
    await end;
    server.close();
    return { asked, added };
  }
  let stopNoting: () => void;
  beforeAll(() => {
    stopNoting = noteAnswers();
  });
  afterAll(() => stopNoting());

  test("come no faster than they are taken, and all of them come", async () => {
    let got = 0;
    const { added } = await served(async (message, asked) => {
      message.pause();
      let before = -1;
      while (before !== asked()) {
        before = asked();
        for (let i = 0; i < 200; i++) await new Promise(setImmediate);
      }
      expect(asked()).toBeLessThan(PIECES / 2);
      for await (const piece of message) got += (piece as Buffer).length;
    });
    expect(got).toBe(PIECE * PIECES);
    // However often they were waited for.
    expect(added).toBeLessThanOrEqual(0);
  });

  test("end when nobody takes them any more", async () => {
    const { asked } = await served(async (message) => {
      message.pause();
      for (let i = 0; i < 400; i++) await new Promise(setImmediate);
      message.destroy();
    });
    expect(asked).toBeLessThan(PIECES);
  });

  test("are noted by whoever is started, and no more by one that was stopped", async () => {
    const closeListeners = async () => {
      let count = 0;
      const server = http.createServer((_request, response) => {
        count = response.listenerCount("close");
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const headers = { "x-ms-invocation-id": "invocation-2" };
      await new Promise((resolve) => http.get({ port, agent: false, headers }, resolve));
      server.close();
      return count;
    };
    const before = await closeListeners();
    const stops = Array.from({ length: 20 }, () => noteAnswers());
    // All at once would be one warning of Node for every answer.
    for (const stop of stops.slice(1)) stop();
    expect(await closeListeners()).toBe(before + 1);
    stops[0]?.();
    expect(await closeListeners()).toBe(before);
  });
});
