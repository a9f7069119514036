import { Path } from "../errors";
import { group } from "../validate";
import { ComposeContext, ComposeProblem } from "./model";
import { keysOfEnvFile, variablesIn } from "./variables";

/** Variables that would be empty without a word, and secrets that nothing takes. */
export function checkVariables(file: Record<string, unknown>, { secrets, files }: ComposeContext): ComposeProblem[] {
  const known = [...secrets, ...keysOfEnvFile(files[".env"] ?? "")];
  const used = new Set(Object.values(files).flatMap((text) => variablesIn(text).map(({ name }) => name)));
  const problems: ComposeProblem[] = [];
  const look = (name: string, path: Path, optional: boolean): void => {
    used.add(name);
    if (optional || known.includes(name) || name === "COMPOSE_PROJECT_NAME") return;
    const remedy = `put ${name} into secrets, give it a default (\${${name}:-…}), or write $$ for a dollar sign`;
    problems.push({ path, message: `the variable ${name} has no value and would be empty`, remedy });
  };
  walk(file, [], (text, path) => {
    for (const { name, optional } of variablesIn(text)) look(name, path, optional);
  });
  for (const kind of ["configs", "secrets"])
    for (const [key, value] of Object.entries(group(file[kind]))) {
      const name = group(value)["environment"];
      if (typeof name === "string") look(name, [kind, key, "environment"], false);
    }
  for (const [service, value] of Object.entries(group(file["services"]))) {
    const environment = group(value)["environment"];
    const path = ["services", service, "environment"];
    if (Array.isArray(environment)) {
      for (const [i, entry] of environment.entries())
        if (typeof entry === "string" && !entry.includes("=")) look(entry, [...path, i], false);
    } else
      for (const [key, entry] of Object.entries(group(environment)))
        if (entry === null) look(key, [...path, key], false);
  }
  for (const secret of secrets)
    if (!used.has(secret))
      problems.push({
        path: ["secrets", secret],
        message: `nothing takes the secret ${secret}`,
        remedy: `refer to it as \${${secret}}, or leave it out`,
      });
  return problems;
}

/** Visits the texts that may have variables. `path` is one list for the whole way, of which `visit` gets a copy. */
function walk(value: unknown, path: (string | number)[], visit: (text: string, path: Path) => void): void {
  if (typeof value === "string") {
    if (value.includes("$")) visit(value, [...path]);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const entries = Array.isArray(value) ? value.entries() : Object.entries(group(value));
  for (const [key, entry] of entries) {
    path.push(key);
    walk(entry, path, visit);
    path.pop();
  }
}
