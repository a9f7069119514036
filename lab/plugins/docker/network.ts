// docker:index/network:Network and docker:index/getNetwork:getNetwork against a real daemon.
import { setTimeout as sleep } from "node:timers/promises";
import type { Resource } from "../rpc/server";
import { UNKNOWN, type Properties } from "../rpc/values";
import type { DockerClient } from "./client";
import {
  createBody,
  importedInputs,
  lookedUp,
  plannedState,
  refreshedInputs,
  stateOf,
  type Inspected,
} from "./inspect";
import { check, diff } from "./plan";

/** How long containers may take to leave a network that is to go, and how often that is looked at. */
const REMOVAL = { milliseconds: 30_000, interval: 500 };

const path = (id: string): string => `/networks/${encodeURIComponent(id)}`;

/** Errors as the official plugin words them. */
function failed(message: string): Error {
  return new Error(`1 error occurred:\n\t* ${message}\n\n`);
}

/** `client` rejects where the daemon is checked first and does not answer. */
export function dockerNetwork(client: () => Promise<DockerClient>): Resource {
  const connect = (): Promise<DockerClient> =>
    client().catch((error: Error) => {
      throw failed(`failed to create Docker client: ${error.message}`);
    });
  // As the official plugin, and with its flaw: whatever goes wrong here counts as "there is no such network".
  const inspect = (docker: DockerClient, id: string): Promise<Inspected | undefined> =>
    docker.call("GET", path(id)).then(
      (found) => found as Inspected,
      () => undefined,
    );

  return {
    check,
    diff: (state, _oldInputs, news) => diff(state, news),
    create: async (_name, inputs, preview) => {
      if (preview) return { id: "", state: plannedState(inputs, UNKNOWN) };
      const docker = await connect();
      const created = await docker.call("POST", "/networks/create", createBody(inputs)).catch((error: Error) => {
        throw failed(`Unable to create network: ${error.message}`);
      });
      const found = await inspect(docker, (created as { Id: string }).Id);
      if (!found) throw failed("the network was made but cannot be read back");
      return { id: found.Id, state: { ...stateOf(found, inputs), ipamOptions: inputs.ipamOptions ?? null } };
    },
    read: async (id, _state, inputs) => {
      const found = await inspect(await connect(), id);
      if (!found) return undefined;
      const state = stateOf(found, inputs ?? {});
      return { state, inputs: inputs ? refreshedInputs(inputs, state) : importedInputs(state) };
    },
    update: () => Promise.reject(failed("a network cannot be updated, only replaced")),
    delete: async (id) => {
      const docker = await connect();
      const until = Date.now() + REMOVAL.milliseconds;
      while (await inspect(docker, id)) {
        const refusal = await docker.call("DELETE", path(id)).then(
          () => undefined,
          (error: Error) => error.message,
        );
        if (refusal === undefined) return;
        if (!refusal.includes("has active endpoints")) throw failed(refusal);
        if (Date.now() > until) {
          throw failed("timeout while waiting for state to become 'removed' (last state: 'pending', timeout: 30s)");
        }
        await sleep(REMOVAL.interval);
      }
    },
  };
}

export async function getNetwork(client: () => Promise<DockerClient>, args: Properties): Promise<Properties> {
  const name = typeof args.name === "string" ? args.name : "";
  const found = await (await client()).call("GET", path(name)).catch((error: Error) => {
    throw failed(`Could not find docker network: ${error.message}`);
  });
  return lookedUp(found as Inspected);
}
