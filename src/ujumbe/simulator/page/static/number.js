export const FIRST = "+254711000111";

const HUES = 6;

/** What a person typed as E.164, or null; `+`, spaces and an international 00 are forgiven. */
export function parse(typed) {
  const digits = typed.replace(/[\s().-]/g, "").replace(/^\+|^00/, "");
  return /^[1-9]\d{6,14}$/.test(digits) ? `+${digits}` : null;
}

/** Grouped for the eye where the grouping is known: the three-digit country codes of Africa. */
export function pretty(number) {
  const parts = /^\+(2[1-69]\d)(\d{3})(\d{3})(\d{2,4})$/.exec(number);
  return parts ? `+${parts.slice(1).join("\u2009")}` : number;
}

/** A sender that can be answered: digits are, names such as AFRICASTKNG are not. */
export function answerable(sender) {
  return /^\+?\d+$/.test(sender);
}

export function hue(number) {
  let sum = 0;
  for (const digit of number.replace(/\D/g, "")) sum = (sum * 7 + Number(digit)) % 997;
  return `hue-${sum % HUES}`;
}

/** The first number from FIRST up that is not open yet. */
export function suggestion(taken) {
  let digits = Number(FIRST.slice(1));
  while (taken.has(`+${digits}`)) digits += 1;
  return `+${digits}`;
}
