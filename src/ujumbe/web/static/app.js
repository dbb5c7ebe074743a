// What every page does where scripts run. Without them each page reads, and each form works, all the same.
import { confirmations } from "./confirm.js";
import { copying } from "./copy.js";
import { instant } from "./filter.js";
import { keys } from "./keys.js";
import { live } from "./live.js";
import { once } from "./once.js";
import { zone } from "./zone.js";

document.documentElement.classList.add("js");
zone();
keys();
copying();
confirmations();
instant();
once();
live();
