/** `node child.ts MODULE VARIANT ARGS`: one variant of a benchmark, measured; its parent gets the figures. */
import type { Args, Variants } from "./measure.ts";

const [module = "", name = "", args = "{}"] = process.argv.slice(2);
const { variants } = (await import(module)) as { readonly variants: Variants };
const variant = variants[name];
if (variant === undefined) throw new Error(`${module} has no variant ${name}`);
const answer = await variant(JSON.parse(args) as Args);
// Kilobytes, whatever the platform: https://nodejs.org/api/process.html#processresourceusage
process.send?.({ ...answer, rss: process.resourceUsage().maxRSS * 1024 }, () => process.disconnect());
