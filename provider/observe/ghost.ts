import { HostFacts, NetworkFact } from "./facts";

/** Networks that Docker lists and its driver does not know: their parent was missing when dockerd was started. */
export function ghostNetworks({ ghosts, networks }: HostFacts): NetworkFact[] {
  return networks.filter(({ id }) => ghosts.includes(id));
}

/** How Docker 20.10 to 29 word that a container's network could not be set up; exit code and state differ between them. */
export function isNetworkError(error: string): boolean {
  return [
    /network id .* not found/,
    /parent interface .* was not found/,
    /failed to set up container networking/,
    /failed to create endpoint/,
    /failed to create the macvlan port/,
  ].some((wording) => wording.test(error));
}
