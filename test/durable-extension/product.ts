import { rm } from "node:fs/promises";
import path from "node:path";
import { MODEL_NAMES } from "../../src/catalog/spelling.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { type LocalProvider, type Pace, startLocalProvider } from "../../src/local-provider/start.ts";
import { openStore } from "../../src/local-provider/store.ts";
import { RestDoor } from "../scenarios/rest-door.ts";
import { ROOT, scratchFolder } from "./processes.ts";
import { Rig, type RigOptions } from "./rig.ts";

export interface ProductOptions extends Pick<RigOptions, "hosts" | "durable" | "env"> {
  /** How long the local provider takes, so that one can step in between. */
  readonly pace: Partial<Pace>;
}

/** The product's build with its embedded ledger, on Microsoft's engine or (no hosts) on the local host's. */
export class Product extends RestDoor {
  /** Ledger, files and provider, laid out as `npm start` does. */
  readonly home: string;
  readonly rig: Rig;
  readonly #provider: LocalProvider;
  #stopped: Promise<void> | undefined;

  private constructor(home: string, rig: Rig, provider: LocalProvider) {
    super();
    this.home = home;
    this.rig = rig;
    this.#provider = provider;
  }

  static async open({ pace, env = {}, ...options }: ProductOptions): Promise<Product> {
    const home = scratchFolder("durable-extension-product-");
    const provider = await startLocalProvider({
      folder: path.join(home, "provider"),
      clock: systemClock,
      logger: silentLogger,
      models: MODEL_NAMES,
      pace,
    });
    try {
      const rig = await Rig.open({
        app: ROOT,
        setup: path.join(import.meta.dirname, "product-setup.ts"),
        ...options,
        env: {
          LIGHTNING_HOME: home,
          LIGHTNING_DATA_DIR: path.join(home, "files"),
          LIGHTNING_POLL_INTERVAL: "0.5",
          USE_TUNED_MODEL: "true",
          PARITY_PROVIDER_URL: provider.baseURL,
          PARITY_PROVIDER_KEY: provider.apiKey,
          ...env,
        },
      });
      return new Product(home, rig, provider);
    } catch (thrown) {
      await provider.close();
      await rm(home, { recursive: true, force: true });
      throw thrown;
    }
  }

  /** Three processes are started again where `npm start` is one. */
  protected override readonly patienceMs = 300_000;

  /** A member that runs, if one does. */
  override get url(): string {
    const { members } = this.rig;
    return (members.find((member) => member.runs) ?? members[0])?.url ?? "";
  }

  /** Statuses of the jobs at the provider, by the agent that they are for. */
  jobs(agentId: string): string[] {
    const store = openStore(path.join(this.home, "provider", "provider.sqlite"));
    try {
      return store.listJobs().flatMap((job) => (job.metadata.agent_id === agentId ? [job.status] : []));
    } finally {
      store.close();
    }
  }

  /** Ends everything but leaves what it wrote, for a look at it. */
  stop(): Promise<void> {
    this.#stopped ??= this.rig.close().then(() => this.#provider.close());
    return this.#stopped;
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}
