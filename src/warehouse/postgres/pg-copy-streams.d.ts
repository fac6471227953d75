/** The package brings no types. https://github.com/brianc/node-pg-copy-streams */
declare module "pg-copy-streams" {
  import type { Readable, ReadableOptions, Writable, WritableOptions } from "node:stream";
  import type { Submittable } from "pg";

  const copy: {
    to(text: string, options?: ReadableOptions): Readable & Submittable;
    from(text: string, options?: WritableOptions): Writable & Submittable & { readonly rowCount: number };
  };
  export default copy;
}
