export type { DrawingOptions } from "./layout";
export { renderMermaid } from "./mermaid";
export { renderSvg } from "./svg";
export { topologyOf } from "./topology";
export type { TopologyAppliance, TopologyHost, TopologyLan, Ways } from "./topology";
