/** A PEM that stands on one line, as in a variable, with its line breaks written \n. Any other text as it is. */
export const pemOf = (text: string): string =>
  text.includes("\\n") && !text.includes("\n") ? text.replaceAll("\\n", "\n") : text;
