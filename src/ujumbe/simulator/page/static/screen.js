/** Room for handsets side by side; the stylesheets' breakpoint. */
export const wide = matchMedia("(width >= 48rem)");
