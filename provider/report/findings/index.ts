export { githubAnnotations } from "./annotations";
export { codeQuality } from "./code-quality";
export { sarif } from "./sarif";
