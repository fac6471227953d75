import { createHash } from "node:crypto";
import type { SegmentDeclaration } from "../core/declared.ts";

/** The model with one row per profile that the traits compile to. */
export const profileTable = "profile_traits";
export const membershipModel = "segment_membership";
/** Which segments each profile is in now, as bits. */
export const flagsModel = "segment_flags";
/** The history of memberships, and what is read off it. */
export const membershipModels: readonly string[] = [
  membershipModel,
  "segment_sizes",
  "segment_overlap",
  "segment_flows",
  "segment_lifecycle_flows",
];

/** Changes when what the segment says changes, and not when its file is only moved or described anew. */
export const definitionOf = ({ by }: SegmentDeclaration): string =>
  createHash("sha256").update(JSON.stringify(by)).digest("hex").slice(0, 12);
