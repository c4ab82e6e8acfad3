import { wholeCalls } from "./whole-calls.ts";
import { openWorld } from "./world.ts";

wholeCalls("", openWorld);
