import { createHash } from "node:crypto";
import { HostFacts, ModeFact } from "./facts";

/** A file as it is to be on the host. */
export interface ExpectedFile {
  readonly path: string;
  readonly content: string;
  /** Octal, as chmod takes it. Absent where others may change mode and owner. */
  readonly mode?: string;
}

/** Digest of a text as it is on a host: it comes out of frames, and ends with a line break. */
export function fileDigest(content: string): string {
  return sha256(content === "" || content.endsWith("\n") ? content : `${content}\n`);
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Whether the host was asked for our files: without root's rights some of them cannot be read. */
export function seesFiles({ account, failed }: HostFacts): boolean {
  return ["root", "ok"].includes(account.sudo) && !failed.has("files");
}

/** What of these files is missing or other than it is to be, as reasons. */
export function compareFiles(facts: HostFacts, expected: readonly ExpectedFile[]): string[] {
  if (!seesFiles(facts)) return [];
  const found = expected.flatMap((file) => {
    const fact = facts.files.get(file.path);
    return fact === undefined ? [] : [{ ...fact, file }];
  });
  const missing = expected.filter(({ path }) => !facts.files.has(path));
  const different = found.filter(({ file, digest }) => digest !== fileDigest(file.content));
  const names = (files: readonly ExpectedFile[]) => files.map(({ path }) => path);
  return [
    ...tell(names(missing), "is missing on this host", "are missing on this host"),
    ...tell(
      names(different.map(({ file }) => file)),
      "has other content than it should",
      "have other content than they should",
    ),
    ...found.flatMap(({ file, ...fact }) => (file.mode === undefined ? [] : compareMode(file.path, fact, file.mode))),
  ];
}

/** What is wrong with the mode and the owner of a file, as reasons. */
export function compareMode(path: string, { mode, owner }: ModeFact, wanted: string): string[] {
  const digits = wanted.replace(/^0/, "");
  return [
    ...(mode === "" || mode === digits ? [] : [`${path} has the mode ${mode} instead of ${digits}`]),
    ...(owner === "" || owner.split(":")[0] === "root" ? [] : [`${path} belongs to ${owner}, not to root`]),
  ];
}

/** One reason for all that the same is true of; none if there is nothing. */
export function tell(names: readonly string[], one: string, many: string): string[] {
  return names.length === 0 ? [] : [`${enumerate(names)} ${names.length === 1 ? one : many}`];
}

/** The first few names, and how many more there are. */
export function enumerate(names: readonly string[], most = 4): string {
  if (names.length <= most) return names.join(", ");
  return `${names.slice(0, most - 1).join(", ")} and ${names.length - most + 1} more`;
}
