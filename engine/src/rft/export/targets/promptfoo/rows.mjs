// The project's rows by id, from the *.jsonl files beside this one.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const HERE = path.dirname(fileURLToPath(import.meta.url));

let rows;

export function row(id) {
  if (!rows) {
    const lines = ["train", "validation", "test"].flatMap((split) =>
      fs.readFileSync(path.join(HERE, `${split}.jsonl`), "utf8").split("\n").filter(Boolean),
    );
    rows = new Map(lines.map((line) => [JSON.parse(line).id, line]));
  }
  if (!rows.has(id)) throw new Error(`no row has the id ${JSON.stringify(id)}`);
  return rows.get(id); // as text: JavaScript would change large numbers and 1.0
}
