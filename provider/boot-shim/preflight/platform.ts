import { Fault } from "../../errors";
import { Rule, Severity } from "../../observe";

const VM = "run Debian in a virtual machine on it, bridged to the LAN";

/** Systems that keep Docker and /etc in their own hands, by what observe.sh calls them. */
const platforms: Readonly<Record<string, Fault>> = {
  unraid: {
    message: "Unraid makes Docker's LAN networks itself at each start, and its kernels have panicked with macvlan",
    remedy: `${VM}, or use its own networks: Settings > Docker > custom network type ipvlan`,
  },
  "truenas-scale": {
    message:
      "TrueNAS SCALE runs Docker for its own apps (up to 24.04 inside Kubernetes) and writes /etc anew with each update",
    remedy: VM,
  },
  synology: {
    message: "Synology's DSM runs a Docker of its own, and its updates may take units and files in /etc away",
    remedy: `${VM} (Virtual Machine Manager)`,
  },
  qnap: {
    message: "QNAP's QTS runs Docker as an app of its own and makes /etc anew at each boot",
    remedy: `${VM} (Virtualization Station)`,
  },
  haos: {
    message: "Home Assistant OS runs Docker for its supervisor alone, on a read-only system",
    remedy: "use another host, or Home Assistant in a container of a Debian host",
  },
};

/** Clouds by the DMI of their machines, and what they have instead where there is anything. */
const clouds: readonly { readonly dmi: RegExp; readonly name: string; readonly instead?: string }[] = [
  { dmi: /Amazon EC2/i, name: "Amazon EC2" },
  { dmi: /Google Compute Engine/i, name: "Google Cloud" },
  { dmi: /DigitalOcean/i, name: "DigitalOcean" },
  { dmi: /Hetzner.*vServer/i, name: "Hetzner Cloud" },
  { dmi: /Vultr/i, name: "Vultr" },
  { dmi: /Linode|Akamai/i, name: "Linode" },
  { dmi: /Scaleway/i, name: "Scaleway" },
  { dmi: /UpCloud/i, name: "UpCloud" },
  { dmi: /Exoscale/i, name: "Exoscale" },
  { dmi: /Alibaba Cloud/i, name: "Alibaba Cloud" },
  { dmi: /Tencent Cloud/i, name: "Tencent Cloud" },
  {
    dmi: /OpenStack/i,
    name: "OpenStack",
    instead: "allow each pin: openstack port set --allowed-address ip-address=IP,mac-address=MAC PORT",
  },
];

/** What systemd-detect-virt calls containers. */
const CONTAINERS = ["lxc", "lxc-libvirt", "systemd-nspawn", "openvz", "docker", "podman", "rkt", "pouch", "proot"];

const PATH = ["ssh", "destination"];

export const platformRules: readonly Rule<unknown>[] = [
  {
    id: "platform",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "The host is an appliance itself: Unraid, TrueNAS SCALE, Synology DSM, QNAP QTS or Home Assistant OS. These keep Docker in " +
      "their own hands and take foreign units and files away, at a boot or at an update: what is set up today is a ghost " +
      "tomorrow. A virtual machine on them, bridged to the LAN, is a host like any other.",
    find: ({ platforms: found }) =>
      found.flatMap((name) => (platforms[name] === undefined ? [] : [{ path: PATH, ...platforms[name] }])),
  },
  {
    id: "container-host",
    severity: Severity.Refuse,
    about:
      "The host is itself a container (LXC, systemd-nspawn, OpenVZ) or WSL. There is no udev to say when a NIC comes, and its own " +
      "interface is a veth or a macvlan already. An unprivileged LXC container of Proxmox is the common case: use a virtual machine.",
    find: ({ virtualization: kind }) => {
      if (kind === "wsl")
        return [
          {
            path: PATH,
            message: "the host is WSL, whose network is behind that of Windows",
            remedy: "use a virtual machine that is bridged to the LAN, or another host",
          },
        ];
      if (!CONTAINERS.includes(kind)) return [];
      return [
        {
          path: PATH,
          message: `the host is itself a container (${kind}), where no udev says when a NIC comes`,
          remedy: "use the machine around it, or a virtual machine there",
        },
      ];
    },
  },
  {
    id: "cloud",
    severity: Severity.Refuse,
    overridable: true,
    about:
      "The host is a virtual machine of a public cloud, going by its DMI. Their networks deliver nothing to a MAC that is not the " +
      "NIC's own, and there is no LAN to join. Where one host should have several addresses there, published " +
      "ports are the tool, or `network.driver: ipvlan` with secondary addresses of the NIC as the appliances': then pass this rule " +
      "over. On OpenStack a port can be told of further pairs of MAC and address. Azure cannot be told from Hyper-V, for which [hypervisor](#hypervisor) speaks.",
    find: ({ machine }) => {
      const cloud = clouds.find(({ dmi }) => dmi.test(machine));
      if (cloud === undefined) return [];
      return [
        {
          path: PATH,
          message: `the host is a machine of ${cloud.name}, whose network knows the MAC of its NIC alone`,
          remedy:
            cloud.instead ??
            "publish ports; or give the NIC secondary addresses, the appliances these and network.driver: ipvlan, and pass this rule over",
        },
      ];
    },
  },
];
