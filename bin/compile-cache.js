// Plain JavaScript that old Nodes can read. Node keeps what it compiled, and the types it took away, for the next
// start, which is a third shorter for it. Beside the modules it is made of: a shared folder for temporary files would
// let others write what we run.
import module from "node:module";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../node_modules/.cache/agent-lightning", import.meta.url));
module.enableCompileCache?.(folder);
// Node writes it at the process's end; one that is killed would leave none.
setTimeout(() => module.flushCompileCache?.(), 5000).unref();
