/** The package `lightning-host`: Azure Functions and Durable Functions apps in one process, in tests in virtual time. */
export { type Clock, systemClock, VirtualClock } from "../kernel/clock.ts";
export { LightningError } from "../kernel/errors.ts";
export { createLogger, type Logger, type LogLevel, silentLogger, stderrLogger } from "../kernel/logger.ts";
export type { Environment } from "./app-settings.ts";
export type { ChangeSource } from "./change-feed/change-source.ts";
export type { EndedCall } from "./core-api/invoker.ts";
export { type LoadedApp, type LoadOptions, loadApp } from "./core-api/load-app.ts";
export type { HistoryEvent } from "./durable/history/history.ts";
export type { DurableHttpResponse } from "./durable/port.ts";
export type { FaultKind } from "./faults.ts";
export { findRunningHost, LocalHost, type LocalHostOptions, type RunningHost } from "./local-host.ts";
export { type RecordedHistory, recordedHistories } from "./recorded-histories.ts";
export { type Replayed, replayHistory } from "./replay-history.ts";
export { type ServeOptions, serve } from "./serve.ts";
export type { SettleOptions } from "./settle.ts";
export { Simulation, type SimulationOptions } from "./simulation.ts";
