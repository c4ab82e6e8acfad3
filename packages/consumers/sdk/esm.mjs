import * as lightning from "agent-lightning";
import { report } from "./report.cjs";

await report("esm", lightning);
