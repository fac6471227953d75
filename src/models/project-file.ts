import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { DbtFailed } from "../core/errors.ts";

const projectFile = z.object({
  name: z.string(),
  profile: z.string().optional(),
  "packages-install-path": z.string().optional(),
});

/** What we need of dbt_project.yml. */
export interface DbtProjectFile {
  readonly name: string;
  readonly profile: string;
  readonly packagesDir: string;
}

/** Throws DbtFailed if there is no dbt_project.yml or it is none. */
export async function readProjectFile(projectDir: string): Promise<DbtProjectFile> {
  const path = join(projectDir, "dbt_project.yml");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new DbtFailed(`${path} cannot be read`, {
      hint: "`dbt: {project: …}` in millrace.yml names the folder of dbt_project.yml",
      cause,
    });
  });
  const read = projectFile.safeParse(parseYaml(path, text));
  if (!read.success) {
    throw new DbtFailed(`${path}: ${z.prettifyError(read.error)}`, { hint: "mend the file" });
  }
  const { name, profile } = read.data;
  return {
    name,
    profile: profile ?? name,
    packagesDir: join(projectDir, read.data["packages-install-path"] ?? "dbt_packages"),
  };
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new DbtFailed(`${path} is not YAML`, { hint: "mend the file", cause });
  }
}

/** Where `dbt deps` is done: the digest of what it depends on, kept among the packages; null where there are no packages. */
export async function packagesDigest(projectDir: string, packageSource: string): Promise<string | null> {
  const [packages, dependencies, lock] = await Promise.all(
    ["packages.yml", "dependencies.yml", "package-lock.yml"].map((name) =>
      readFile(join(projectDir, name), "utf8").catch(() => null),
    ),
  );
  if (packages === null && dependencies === null) return null;
  return createHash("sha256")
    .update(JSON.stringify([packages, dependencies, lock, packageSource]))
    .digest("hex");
}
