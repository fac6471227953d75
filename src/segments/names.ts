/** The model with one row per profile that the traits compile to. */
export const profileTable = "profile_traits";
export const membershipModel = "segment_membership";
/** The history of memberships, and what is read off it. */
export const membershipModels: readonly string[] = [
  membershipModel,
  "segment_sizes",
  "segment_overlap",
  "segment_flows",
  "segment_lifecycle_flows",
];
