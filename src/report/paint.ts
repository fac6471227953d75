import pc from "picocolors";

/** Colours only where a terminal shows them. */
export interface Paint {
  readonly color: boolean;
}

const colors = pc.createColors(true);
const painter =
  (color: (text: string) => string) =>
  (paint: Paint, text: string): string =>
    paint.color ? color(text) : text;

export const bold = painter(colors.bold);
export const dim = painter(colors.dim);
export const green = painter(colors.green);
export const yellow = painter(colors.yellow);
export const red = painter(colors.red);
