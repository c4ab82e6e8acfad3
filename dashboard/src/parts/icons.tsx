import type { View } from "../logic/route.ts";

const PATHS: Readonly<Record<View, string>> = {
  overview: "M8 2.5a5.5 5.5 0 1 1-5.2 3.7M2.5 2.5v3.8h3.8",
  review: "M3 8.5 6.5 12 13 4.5",
  episodes: "M2.5 3.5h11v7h-6l-3 2.5v-2.5h-2z",
  datasets:
    "M8 2.5c3 0 5.5.9 5.5 2s-2.5 2-5.5 2-5.5-.9-5.5-2 2.5-2 5.5-2zM2.5 4.500v7c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2v-7M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2",
  runs: "M2.5 13.500V9M6.2 13.500V6M9.8 13.500V7.500M13.5 13.500V2.5",
  evaluations: "M8 2.500v11M3 5h10M3 5 1.5 9.500h3zM13 5l-1.5 4.500h3zM5.5 13.500h5",
  deployments:
    "M8 13.500V6M8 2.500c2.5 1.5 3 4.5 3 7H5c0-2.5.5-5.5 3-7zM5 8.500l-2 2.500h2M11 8.500l2 2.500h-2",
  pipelines: "M2.5 4h4v3h-4zM9.5 9h4v3h-4zM6.5 5.500H11V9M9.5 10.500H5V7",
  redaction: "M8 2 13 4v4c0 3-2.200 5-5 6-2.800-1-5-3-5-6V4zM5.5 8h5",
  lineage:
    "M4 3.500a1.5 1.5 0 1 0 0 .01M12 8a1.5 1.5 0 1 0 0 .01M4 12.500a1.5 1.5 0 1 0 0 .01M5.5 3.500c3 0 2 4.5 5 4.500M5.5 12.500c3 0 2-4.5 5-4.5",
};

export function Icon(props: { of: View }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[props.of]} />
    </svg>
  );
}

export function Bolt() {
  return (
    <svg class="bolt" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" class="bolt-ground" />
      <path d="M18.5 4 8 18h6.500L13 28l11-14.500h-7z" class="bolt-mark" />
    </svg>
  );
}
