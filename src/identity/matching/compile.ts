import type { CompiledFile } from "../../core/compiled.ts";
import type { Matching } from "../../core/identity.ts";
import { edgeModel, histogramModel, pairModel, randomModel, rateModel, recordModel, scoreModel } from "./models.ts";
import { propertiesOf } from "./properties.ts";

const folder = "identity/matching";

/** The dbt models that find people without a shared identifier. `from` is the file they were declared in. */
export function compileMatching(matching: Matching, from: string): readonly CompiledFile[] {
  const models: Readonly<Record<string, string>> = {
    identity_match_record: recordModel(matching),
    identity_match_pair: pairModel(matching),
    identity_match_score: scoreModel(matching),
    identity_match_histogram: histogramModel(),
    identity_match_rate: rateModel(matching),
    identity_match_edge: edgeModel(matching),
    identity_match_random: randomModel(matching),
  };
  return [
    ...Object.entries(models).map(([name, text]) => ({ path: `${folder}/${name}.sql`, from, text })),
    { path: `${folder}/matching.yml`, from, text: propertiesOf(matching) },
  ];
}
