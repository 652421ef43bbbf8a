/**
 * The script file: `<script src="…/sanaq.js" data-key="…"></script>` is all a page needs.
 *
 * `data-collector` names the collector where it is not the script's own origin; `data-off` names
 * what is not to be watched. The page may call `sanaq(name, properties)` and `sanaq.consent(said)`.
 */

import { startTag } from "./tag.js";
import { WATCHERS } from "./watchers.js";

startTag(WATCHERS);
