import { describePatterns } from "./describe-patterns.ts";

describePatterns("patterns-ts-esm");
