export * from "./between";
export { hostChange } from "./change";
export type { Change } from "./change";
export { hostReport } from "./host";
export type { Contact, HostReport, Locate } from "./host";
export { previewOf } from "./preview";
export type { Diagnostic, Preview, Step } from "./preview";
export { renderReport, reportMarker } from "./report";
export type { ReportInput } from "./report";
