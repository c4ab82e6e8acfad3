import { render } from "preact";
import { App } from "./app.tsx";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/views.css";

const root = document.querySelector("#app");
if (root !== null) render(<App />, root);
