import { describePatterns } from "./describe-patterns.ts";

describePatterns("patterns-js-cjs");
