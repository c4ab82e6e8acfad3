import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { isSamePerson, personKey, personText, readPerson } from "../../src/kernel/persons.ts";

const ID = "0f3c1a2b-1111-4222-8333-444455556666";

describe("a person as records name it", () => {
  it("is read back as it was written, whatever the name is made of", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.option(fc.uuid(), { nil: undefined }), (name, id) => {
        const text = personText({ name, id });
        expect(text.length).toBeLessThanOrEqual(200);
        expect(readPerson(text).id).toBe(id);
      }),
    );
  });

  it("has no id by its name alone, however it ends", () => {
    for (const name of [`Eve (${ID})`, `Eve (${ID}) (${ID})`, `(${ID})`])
      expect(readPerson(personText({ name })).id).toBeUndefined();
    expect(isSamePerson(personText({ name: `Eve (${ID})` }), personText({ name: "Ada", id: ID }))).toBe(
      false,
    );
  });

  it("has one key for all spellings", () => {
    expect(personKey(`Ada (${ID.toUpperCase()})`)).toBe(personKey(`Someone else (${ID})`));
    expect(personKey(" Ada ")).toBe(personKey("ada"));
  });
});
