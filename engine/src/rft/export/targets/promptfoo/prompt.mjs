// The prompt of a row, as chat messages.
import { row } from "./rows.mjs";

export default function prompt({ vars }) {
  const role = { developer: "system" };
  return JSON.parse(row(vars.row)).messages.map((m) => ({ ...m, role: role[m.role] ?? m.role }));
}
