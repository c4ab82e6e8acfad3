import { errorText } from "../logic/api.ts";
import { useShared } from "./context.tsx";
import { useWork } from "./work.ts";

/** Hands a file to the browser's downloads. It came through the page's own way to the app, with its key; a link could not. */
export function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** Saves what the app answers to `path`. */
export function SaveButton(props: {
  label: string;
  /** For whoever points at it. */
  title: string;
  path: string;
  query?: Readonly<Record<string, string | boolean>>;
  name: string;
}) {
  const { api, tell } = useShared();
  const work = useWork();
  const save = async () => {
    try {
      saveFile(await api.file(props.path, props.query), props.name);
    } catch (thrown) {
      tell(errorText(thrown), "bad");
    }
  };
  return (
    <button type="button" title={props.title} disabled={work.busy} onClick={() => void work.run(save)}>
      {props.label}
    </button>
  );
}
