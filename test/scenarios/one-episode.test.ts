import { oneEpisode } from "./one-episode.ts";
import { openWorld } from "./world.ts";

oneEpisode("", (env) => openWorld(env));
