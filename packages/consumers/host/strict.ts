import {
  findRunningHost,
  type LoadedApp,
  LocalHost,
  type LocalHostOptions,
  type RecordedHistory,
  type Replayed,
  recordedHistories,
  replayHistory,
  Simulation,
  silentLogger,
  VirtualClock,
} from "lightning-host";

const options: LocalHostOptions = {
  folder: ".",
  home: "home",
  clock: new VirtualClock(),
  logger: silentLogger,
};

export async function whole(): Promise<string> {
  await using host = await LocalHost.start(options);
  const app: LoadedApp = host.app;
  await host.settle();
  await host.stop();
  const histories: readonly RecordedHistory[] = recordedHistories({ home: "home" });
  const replayed: Replayed = await replayHistory(app, histories[0]?.history ?? []);
  const simulation = await Simulation.open({
    app,
    seed: 7,
    storeFile: ":memory:",
    faults: { duplicate: 0.1 },
  });
  await simulation.stop();
  return (await findRunningHost("home"))?.url ?? replayed.status;
}
