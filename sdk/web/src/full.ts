/** The full script file: as `script.ts`, with web vitals and adverts. */

import { startTag } from "./tag.js";
import { MORE_WATCHERS, WATCHERS } from "./watchers.js";

startTag({ ...WATCHERS, ...MORE_WATCHERS });
