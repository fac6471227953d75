import { resolve } from "node:path";
import { z } from "zod";

export const fileAccount = z.strictObject({
  /** A folder; relative ones count from the project's folder. */
  path: z.string().min(1).meta({ path: true, description: "folder that all files of this account lie in" }),
});

export type FileAccount = z.infer<typeof fileAccount>;

export const accountFolder = (account: FileAccount): string => resolve(account.path);
