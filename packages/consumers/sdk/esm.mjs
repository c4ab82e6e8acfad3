import * as lightning from "agent-lightning";
import { lightningMiddleware } from "agent-lightning/ai-sdk";
import { lightningHandler } from "agent-lightning/langchain";
import { lightningProcessor } from "agent-lightning/openai-agents";
import { report } from "./report.cjs";

await report("esm", { ...lightning, lightningHandler, lightningMiddleware, lightningProcessor });
