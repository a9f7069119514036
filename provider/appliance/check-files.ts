import { group } from "../validate";
import {
  ComposeContext,
  ComposeProblem,
  environmentFiles,
  filesAt,
  LocalPath,
  mountedPaths,
  relativePath,
} from "./model";
import { variablesIn } from "./variables";

/** Relative paths whose files are not delivered. Docker would make an empty folder of each. */
export function checkFiles(file: Record<string, unknown>, { files }: ComposeContext): ComposeProblem[] {
  const services = Object.entries(group(file["services"]));
  const used: (LocalPath & { one: boolean })[] = services.flatMap(([name, service]) => [
    ...mountedPaths(name, group(service), file).map((entry) => ({ ...entry, one: entry.path[0] !== "services" })),
    ...environmentFiles(name, group(service)).map((entry) => ({ ...entry, one: true })),
  ]);
  const seen = new Set<string>();
  return used.flatMap(({ path, source, one }) => {
    const id = JSON.stringify(path);
    if (seen.has(id) || source.startsWith("/") || variablesIn(source).length > 0) return [];
    seen.add(id);
    const local = relativePath(source);
    if (local === undefined)
      return [
        {
          path,
          message: `${source} is not below the compose file, and only what is in files is on the host`,
          remedy: "name it below ./ and put it into files, or give an absolute path of the host",
        },
      ];
    const at = filesAt(local, Object.keys(files));
    if (one ? at.includes(local) : at.length > 0) return [];
    const what = one
      ? `put it into files: { ${JSON.stringify(local)}: … }`
      : `put it into files, or, for data that the service writes, use a named volume`;
    return [{ path, message: `${source} is not in files, so it would not be on the host`, remedy: what }];
  });
}
