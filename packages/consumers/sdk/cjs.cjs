const { lightningMiddleware } = require("agent-lightning/ai-sdk");
const { lightningHandler } = require("agent-lightning/langchain");
const { lightningProcessor } = require("agent-lightning/openai-agents");
const lightning = require("agent-lightning");
const { report } = require("./report.cjs");

report("cjs", { ...lightning, lightningHandler, lightningMiddleware, lightningProcessor });
