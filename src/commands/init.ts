import { type InitWarehouse, initProject } from "./init-project.ts";
import type { VerbAction } from "./run-verb.ts";

export { initProject } from "./init-project.ts";

/** `millrace init DIR`. */
export const init =
  (dir: string, options: { readonly warehouse: InitWarehouse }): VerbAction =>
  async ({ out }) => {
    const files = initProject(dir, options);
    out.emit({ dir, files });
    for (const file of files) out.print(`  ${file}`);
    out.print(
      options.warehouse === "duckdb"
        ? `\nA project that runs as it is. Next:\n  cd ${dir}\n  millrace run`
        : `\nNext:\n  cd ${dir}\n  cp .env.example .env    # and fill it in\n  millrace grants\n  millrace check --connect\n  millrace run`,
    );
    return 0;
  };
