import { Problem } from "../../errors";
import { HostFacts, Rule, Severity } from "../../observe";

const INSTALL = "install Docker Engine as a system service (Debian: apt install docker.io docker-compose)";

function problem(message: string, remedy: string): Problem[] {
  return [{ path: ["ssh", "destination"], message, remedy }];
}

/** What is called docker and is not Docker Engine as a system service: what it is, and why it does not do. */
interface Kind {
  readonly name: string;
  readonly why: string;
  readonly remedy: string;
  is(facts: HostFacts): boolean;
}

const kinds: readonly Kind[] = [
  {
    name: "Docker from the snap store",
    why: "its daemon is not docker.service, so nothing can be ordered before it",
    remedy: `snap remove docker, and ${INSTALL}`,
    is: ({ units, docker }) =>
      units.get("snap.docker.dockerd.service")?.loadState === "loaded" || docker?.path.startsWith("/snap/") === true,
  },
  {
    name: "Podman",
    why: "its networks are its own, and nothing of Docker's keeps them",
    remedy: INSTALL,
    is: ({ docker }) =>
      /podman/i.test([docker?.path, docker?.refusal, ...(docker?.server?.components ?? [])].join(" ")),
  },
  {
    name: "rootless Docker",
    why: "it lives in a network namespace of its own, where there is no NIC of the host",
    remedy: INSTALL,
    is: ({ docker }) => docker?.info?.security.some((option) => option.includes("rootless")) === true,
  },
  {
    name: "Docker Desktop",
    why: "it runs in a virtual machine of its own, where there is no NIC of the host",
    remedy: `${INSTALL}, or use a virtual machine that is bridged to the LAN`,
    is: ({ docker }) => docker?.info?.os === "Docker Desktop",
  },
];

function kindOf(facts: HostFacts): Kind | undefined {
  return kinds.find((kind) => kind.is(facts));
}

export const dockerRules: readonly Rule<unknown>[] = [
  {
    id: "docker-missing",
    severity: Severity.Refuse,
    about:
      "There is no `docker` on the host. Nothing is installed by itself: which Docker a host has is its owner's choice.",
    find: ({ docker }) => (docker === undefined ? problem("there is no Docker on the host", INSTALL) : []),
  },
  {
    id: "docker-kind",
    severity: Severity.Refuse,
    about:
      "What is called `docker` is the snap, Podman, rootless Docker or Docker Desktop. Macvlan needs the host's own NIC, and a " +
      "parent that is there before `docker.service`: the snap's unit has another name, Podman has networks of its own, the other " +
      "two are shut off from the NIC.",
    find: (facts) => {
      const kind = kindOf(facts);
      return kind === undefined ? [] : problem(`the host has ${kind.name}: ${kind.why}`, kind.remedy);
    },
  },
  {
    id: "docker-unit",
    severity: Severity.Refuse,
    about:
      "Docker is not run by `docker.service`, or that unit is masked. The parent link is ordered before this unit.",
    find: (facts) => {
      if (facts.docker === undefined || facts.systemd === undefined || kindOf(facts) !== undefined) return [];
      const state = facts.units.get("docker.service")?.loadState;
      if (state === "loaded") return [];
      if (state === "masked") return problem("docker.service is masked", "systemctl unmask docker.service");
      return problem("Docker is not run by docker.service, so nothing can be ordered before it", INSTALL);
    },
  },
  {
    id: "docker-of-kubernetes",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "Kubernetes runs its pods in this Docker (containers called `k8s_…`). Its kubelet clears away images that no pod uses, and " +
      "when a ghost network is healed dockerd is restarted, with every pod. k3s and RKE2, which bring a containerd of their own, " +
      "are no finding. In a cluster the tool for this is Multus with the macvlan CNI plugin.",
    find: ({ containers }) => {
      const pod = containers.find(({ name }) => name.startsWith("k8s_"));
      if (pod === undefined) return [];
      return problem(
        `Kubernetes runs its pods in this Docker (container ${pod.name})`,
        "use a host of its own, a virtual machine, or Multus in the cluster",
      );
    },
  },
];
