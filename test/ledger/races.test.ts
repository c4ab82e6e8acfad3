import { describe, expect, it } from "@jest/globals";
import { conflict, isKind, notFound, preconditionFailed, unavailable } from "../../src/kernel/errors.ts";
import { createOnce, retryRaces, unlessKind } from "../../src/ledger/races.ts";

const lost = () => preconditionFailed("etag_mismatch", "Somebody was faster.");

describe("a write that lost a race", () => {
  it("is decided on anew until it goes through", async () => {
    let tries = 0;
    const write = async () => {
      if (++tries < 3) throw tries === 1 ? lost() : conflict("document_exists", "There already.");
      return tries;
    };
    expect(await retryRaces(write)).toBe(3);
  });

  it("is given up after eight tries, with the error that the caller makes of it", async () => {
    let tries = 0;
    const write = async () => {
      tries++;
      throw lost();
    };
    await expect(retryRaces(write)).rejects.toMatchObject({ code: "etag_mismatch" });
    expect(tries).toBe(8);
    const contended = async () => unavailable("contended", "Come again.");
    await expect(retryRaces(write, { contended, attempts: 2 })).rejects.toMatchObject({ code: "contended" });
    expect(tries).toBe(10);
  });

  it("is none when the attempt itself refuses: its conflict comes through at once", async () => {
    let tries = 0;
    const write = async () => {
      tries++;
      throw conflict("run_finished", "The run has ended.");
    };
    await expect(retryRaces(write)).rejects.toMatchObject({ code: "run_finished" });
    expect(tries).toBe(1);
  });

  it("may be let go, and then only that kind of fault", async () => {
    expect(await unlessKind(Promise.resolve(), "conflict")).toBe(true);
    expect(await unlessKind(Promise.reject(conflict("x", "x")), "conflict")).toBe(false);
    await expect(unlessKind(Promise.reject(notFound("x", "x")), "conflict")).rejects.toMatchObject({
      kind: "not_found",
    });
    expect(isKind(new Error("conflict"), "conflict")).toBe(false);
  });
});

describe("creating once", () => {
  const exists = async () => {
    throw conflict("document_exists", "There already.");
  };
  const unclear = async () => {
    throw unavailable("ledger_reset", "The connection was reset.", { ambiguous: true });
  };

  it("says whether the record was there before", async () => {
    expect(await createOnce(async () => 1, exists)).toEqual({ record: 1, existed: false });
    expect(await createOnce<number>(exists, async () => 2)).toEqual({ record: 2, existed: true });
  });

  it("throws the conflict when what was in the way is gone again", async () => {
    await expect(createOnce<number>(exists, async () => undefined)).rejects.toMatchObject({
      code: "document_exists",
    });
  });

  it("leaves a lost answer to the caller's retry, or looks for the record where that is asked for", async () => {
    const there = async () => 3;
    await expect(createOnce<number>(unclear, there)).rejects.toMatchObject({ code: "ledger_reset" });
    expect(await createOnce<number>(unclear, there, { settleUnclear: true })).toEqual({
      record: 3,
      existed: true,
    });
  });
});
