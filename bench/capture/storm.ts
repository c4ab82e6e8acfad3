import { type StormReport, storms } from "../../test/capture/storm/storm.ts";
import { benchArguments } from "../arguments.ts";

const { seeds, from, rounds, at_once } = benchArguments({
  script: "bench/capture/storm.ts",
  measures:
    "Is anything lost that agents captured, when they are killed and their receiver is ill? See README.md.",
  takes: {
    seeds: { about: "storms", standard: 300 },
    from: { about: "the first seed", standard: 1 },
    rounds: { about: "pairs of agents, one after the other, in each storm", standard: 2 },
    at_once: { about: "storms at the same time", standard: 4 },
  },
  examples: ["", "--seeds 1 --from 17"],
});

const tell = (report: StormReport) => {
  for (const fault of report.faults) process.stdout.write(`seed ${report.seed}: ${fault}\n`);
};
const reports = await storms(
  Array.from({ length: seeds }, (_, index) => from + index),
  { rounds, atOnce: at_once, told: tell },
);
const sum = (of: (report: StormReport) => number) => reports.reduce((total, report) => total + of(report), 0);
const faulty = reports.filter(({ faults }) => faults.length > 0).length;
console.table({
  storms: reports.length,
  captured: sum(({ captured }) => captured),
  "stored, each once": sum(({ stored }) => stored),
  "sent again, known by id": sum(({ repeated }) => repeated),
  refused: sum(({ refused }) => refused),
  "set aside": sum(({ setAside }) => setAside),
  "on disk still": sum(({ onDisk }) => onDisk),
  "agents ended by SIGTERM": sum(({ kills }) => kills.SIGTERM),
  "by SIGINT": sum(({ kills }) => kills.SIGINT),
  "by SIGKILL": sum(({ kills }) => kills.SIGKILL),
  "lost by SIGKILL": sum(({ lost }) => lost),
  "captured before it at most, ms": Math.max(0, ...reports.map(({ oldestLostMs }) => oldestLostMs)),
  "storms with a fault": faulty,
});
process.exitCode = faulty > 0 ? 1 : 0;
