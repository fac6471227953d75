/** What all targets of privacy requests have in common: the model lists whom to remove, and nothing is written. */
export const removesOnly = {
  kind: "records",
  needsMatch: true,
  fields: { known: {}, others: "refused" },
  ops: ["remove"],
  modes: ["remove"],
  onlyIfEmpty: false,
} as const;
