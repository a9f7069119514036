// The networks part of the Docker Engine API as a pure function over a JSON state: what dockerd answers, as far as a
// provider of networks can tell (observed with Docker 26.1 and 28.5).
import { createHash } from "node:crypto";

/** One block of a network's address management, as the API spells it. */
export interface FakeIpamConfig {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

export interface FakeNetwork {
  Id: string;
  Name: string;
  Driver: string;
  Scope: string;
  Created: string;
  EnableIPv6: boolean;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  IPAM: { Driver: string; Options: Record<string, string> | null; Config: FakeIpamConfig[] };
  Options: Record<string, string> | null;
  Labels: Record<string, string> | null;
  Containers: Record<string, unknown>;
}

export interface FakeDockerState {
  networks: FakeNetwork[];
  /** Every request as "METHOD /path", the API version left out. */
  requests: string[];
  /** How many deletions are still refused because containers hold endpoints. */
  busyDeletes: number;
  created: number;
}

export interface FakeAnswer {
  status: number;
  body?: unknown;
}

export const emptyDocker = (): FakeDockerState => ({ networks: [], requests: [], busyDeletes: 0, created: 0 });

/** The lowest address of a canonical IPv4 subnet: what Docker takes as gateway where none is given. */
function firstAddress(subnet: string): string {
  const [base = ""] = subnet.split("/");
  return base.replace(/\d+$/, (last) => String(Number(last) + 1));
}

type CreateBody = Partial<Omit<FakeNetwork, "IPAM">> & { IPAM?: Partial<FakeNetwork["IPAM"]> };

function create(state: FakeDockerState, body: CreateBody): FakeAnswer {
  const name = body.Name ?? "";
  if (state.networks.some((network) => network.Name === name)) {
    return { status: 409, body: { message: `network with name ${name} already exists` } };
  }
  const config = body.IPAM?.Config ?? [];
  if (config.some(({ Subnet }) => Subnet === "refused")) {
    return { status: 400, body: { message: `invalid network config:\ninvalid subnet ${config[0]?.Subnet}` } };
  }
  state.created += 1;
  const network: FakeNetwork = {
    Id: createHash("sha256").update(`${name} ${state.created}`).digest("hex"),
    Name: name,
    Driver: body.Driver || "bridge",
    Scope: "local",
    Created: "2026-01-01T00:00:00.000000000Z",
    EnableIPv6: body.EnableIPv6 ?? false,
    Internal: body.Internal ?? false,
    Attachable: body.Attachable ?? false,
    Ingress: body.Ingress ?? false,
    IPAM: {
      Driver: body.IPAM?.Driver || "default",
      Options: body.IPAM?.Options ?? null,
      Config: (config.length > 0 ? config : [{ Subnet: `172.${18 + state.created}.0.0/16` }]).map((block) => ({
        ...block,
        ...(block.Subnet && !block.Gateway ? { Gateway: firstAddress(block.Subnet) } : {}),
      })),
    },
    Options: body.Options ?? {},
    Labels: body.Labels ?? {},
    Containers: {},
  };
  state.networks.push(network);
  return { status: 201, body: { Id: network.Id, Warning: "" } };
}

function remove(state: FakeDockerState, network: FakeNetwork): FakeAnswer {
  if (state.busyDeletes > 0) {
    state.busyDeletes -= 1;
    const message = `error while removing network: network ${network.Name} id ${network.Id} has active endpoints`;
    return { status: 403, body: { message } };
  }
  state.networks = state.networks.filter(({ Id }) => Id !== network.Id);
  return { status: 204 };
}

/** Answers one request and changes `state` as dockerd would. */
export function answer(state: FakeDockerState, method: string, url: string, body: unknown): FakeAnswer {
  const path = url.replace(/\?.*$/, "").replace(/^\/v\d+\.\d+/, "");
  state.requests.push(`${method} ${path}`);
  if (path === "/_ping") return { status: 200 };
  if (path === "/version")
    return { status: 200, body: { Version: "26.1.5", ApiVersion: "1.45", MinAPIVersion: "1.24" } };
  if (method === "POST" && path === "/networks/create") return create(state, body as CreateBody);
  const [, wanted] = /^\/networks\/([^/]+)$/.exec(path) ?? [];
  if (wanted === undefined) return { status: 404, body: { message: "page not found" } };
  const key = decodeURIComponent(wanted);
  const network = state.networks.find(({ Id, Name }) => Name === key || Id.startsWith(key));
  if (!network) return { status: 404, body: { message: `network ${key} not found` } };
  return method === "DELETE" ? remove(state, network) : { status: 200, body: network };
}
