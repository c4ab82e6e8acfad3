import { describe, jest } from "@jest/globals";
import { CHROMIUM, hasChromium } from "./browser.ts";
import { lookingTests } from "./looking.ts";
import { operatingTests } from "./operating.ts";
import { pageWorld } from "./page-world.ts";
import { correctionTests, reviewingTests } from "./reviewing.ts";
import { strangerTests } from "./strangers.ts";
import { viewTests } from "./views.ts";

jest.setTimeout(180_000);

// Chromium is no npm package; on a machine without it the page's logic is still tested beside this file.
(hasChromium ? describe : describe.skip)(`the page in a browser (needs ${CHROMIUM})`, () => {
  const world = pageWorld();
  // One story for all, told once; what is decided and rolled back comes after what only looks.
  viewTests(world);
  reviewingTests(world);
  lookingTests(world);
  operatingTests(world);
  correctionTests(world);
  strangerTests(world);
});
