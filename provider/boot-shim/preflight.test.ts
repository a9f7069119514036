import { HostFacts } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { testRules, withDocker, withInfo, withVersion } from "../observe/fixtures/rule-cases";
import { bootShimRules } from "./preflight";

const bare = fixture("trixie-bare");
const used = fixture("trixie-in-use");
const at = "ssh.destination: ";
const spec = undefined;
const account = (sudo: string): HostFacts => ({ ...bare, account: { uid: 1000, name: "op", groups: ["op"], sudo } });
const container = (name: string): HostFacts => ({ ...used, containers: [{ ...used.containers[0]!, name }] });
const docker = (state: string): HostFacts => ({
  ...bare,
  units: new Map([["docker.service", { loadState: state, activeState: "inactive", fragmentPath: "", properties: {} }]]),
});
const install = "install Docker Engine as a system service (Debian: apt install docker.io docker-compose)";

testRules(bootShimRules, {
  platform: {
    fires: {
      Unraid: {
        on: { ...bare, platforms: ["unraid"] },
        spec,
        says: `${at}Unraid makes Docker's LAN networks itself at each start, and its kernels have panicked with macvlan; run Debian in a virtual machine on it, bridged to the LAN, or use its own networks: Settings > Docker > custom network type ipvlan`,
      },
      "TrueNAS SCALE": {
        on: { ...bare, platforms: ["truenas-scale", "k3s"] },
        spec,
        says: `${at}TrueNAS SCALE runs Docker for its own apps (up to 24.04 inside Kubernetes) and writes /etc anew with each update; run Debian in a virtual machine on it, bridged to the LAN`,
      },
      Synology: {
        on: { ...bare, platforms: ["synology"] },
        spec,
        says: `${at}Synology's DSM runs a Docker of its own, and its updates may take units and files in /etc away; run Debian in a virtual machine on it, bridged to the LAN (Virtual Machine Manager)`,
      },
      QNAP: {
        on: { ...bare, platforms: ["qnap"] },
        spec,
        says: `${at}QNAP's QTS runs Docker as an app of its own and makes /etc anew at each boot; run Debian in a virtual machine on it, bridged to the LAN (Virtualization Station)`,
      },
      "Home Assistant OS": {
        on: { ...bare, platforms: ["haos"] },
        spec,
        says: `${at}Home Assistant OS runs Docker for its supervisor alone, on a read-only system; use another host, or Home Assistant in a container of a Debian host`,
      },
    },
    quiet: {
      Debian: { on: bare, spec },
      "Proxmox, which is a Debian": { on: { ...bare, platforms: ["proxmox"] }, spec },
      "k3s beside Docker": { on: { ...bare, platforms: ["k3s"] }, spec },
    },
  },
  "container-host": {
    fires: {
      LXC: {
        on: { ...bare, virtualization: "lxc" },
        spec,
        says: `${at}the host is itself a container (lxc), where no udev says when a NIC comes; use the machine around it, or a virtual machine there`,
      },
      WSL: {
        on: { ...bare, virtualization: "wsl" },
        spec,
        says: `${at}the host is WSL, whose network is behind that of Windows; use a virtual machine that is bridged to the LAN, or another host`,
      },
    },
    quiet: {
      "a machine": { on: { ...bare, virtualization: "none" }, spec },
      "a virtual machine": { on: { ...bare, virtualization: "kvm" }, spec },
    },
  },
  cloud: {
    fires: {
      Amazon: {
        on: { ...bare, virtualization: "amazon", machine: "Amazon EC2 t3.micro" },
        spec,
        says: `${at}the host is a machine of Amazon EC2, whose network knows the MAC of its NIC alone; publish ports; or give the NIC secondary addresses, the appliances these and network.driver: ipvlan, and pass this rule over`,
      },
      "OpenStack, which can be told": {
        on: { ...bare, virtualization: "kvm", machine: "OpenStack Foundation OpenStack Nova" },
        spec,
        says: `${at}the host is a machine of OpenStack, whose network knows the MAC of its NIC alone; allow each pin: openstack port set --allowed-address ip-address=IP,mac-address=MAC PORT`,
      },
    },
    quiet: {
      "a machine of nobody's": { on: { ...bare, machine: "" }, spec },
      "KVM at home": { on: { ...bare, virtualization: "kvm", machine: "QEMU Standard PC (Q35 + ICH9, 2009)" }, spec },
      "a server that somebody rents": { on: { ...bare, virtualization: "none", machine: "Hetzner Dedicated" }, spec },
    },
  },
  "account-rights": {
    fires: {
      "no sudo": {
        on: fixture("trixie-no-sudo"),
        spec,
        says: `${at}the account op is not root and there is no sudo; log in as root, or allow it on the host: echo 'op ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/op`,
      },
      "a sudo that asks": {
        on: account("password"),
        spec,
        says: `${at}the account op is not root and sudo asks it for a password; log in as root, or allow it on the host: echo 'op ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/op`,
      },
    },
    quiet: { root: { on: bare, spec }, sudo: { on: account("ok"), spec } },
  },
  systemd: {
    fires: {
      "another init": {
        on: { ...bare, systemd: undefined },
        spec,
        says: `${at}the host was not started by systemd, which brings the parent up before Docker; use a host with systemd, or a virtual machine with one on this host`,
      },
    },
    quiet: { Debian: { on: bare, spec } },
  },
  tools: {
    fires: {
      "two are missing": {
        on: { ...bare, tools: bare.tools.filter((tool) => tool !== "flock" && tool !== "ip") },
        spec,
        says: `${at}the host lacks flock, ip; apt install coreutils diffutils findutils iproute2 kmod mawk udev util-linux`,
      },
    },
    quiet: { "a bare Debian": { on: bare, spec } },
  },
  iproute2: {
    fires: {
      "ip of BusyBox": {
        on: { ...bare, links: [] },
        spec,
        says: `${at}ip on the host prints no JSON; install the iproute2 of the distribution, 4.14 or later`,
      },
    },
    quiet: {
      "ip of Debian": { on: bare, spec },
      "no ip at all, of which another rule speaks": { on: { ...bare, tools: [], links: [] }, spec },
    },
  },
  "file-not-ours": {
    fires: {
      "a drop-in of somebody's": {
        on: { ...bare, foreign: ["/etc/systemd/system/docker.service.d/50-macvlan.conf"] },
        spec,
        says: `${at}/etc/systemd/system/docker.service.d/50-macvlan.conf is there already and does not carry our mark; move it away`,
      },
    },
    quiet: {
      "nothing there": { on: bare, spec },
      "a file of a link": { on: { ...bare, foreign: ["/etc/udev/rules.d/82-macvlan-lan0.rules"] }, spec },
    },
  },
  "ssh-logins": {
    fires: {
      "two at a time": {
        on: { ...bare, maxStartups: "2:30:10" },
        spec,
        says: `${at}sshd lets 2 connections log in at the same time (MaxStartups 2:30:10), and a destroy opens up to 8; on the host: MaxStartups 10:30:100 in /etc/ssh/sshd_config, then systemctl reload ssh`,
      },
    },
    quiet: {
      "as it comes": { on: { ...bare, maxStartups: "10:30:100" }, spec },
      "not known": { on: { ...bare, maxStartups: undefined }, spec },
    },
  },
  "docker-missing": {
    fires: {
      "no Docker": { on: fixture("trixie-no-docker"), spec, says: `${at}there is no Docker on the host; ${install}` },
    },
    quiet: { Docker: { on: bare, spec } },
  },
  "docker-kind": {
    fires: {
      snap: {
        on: withDocker(bare, { path: "/snap/docker/1/bin/docker" }),
        spec,
        says: `${at}the host has Docker from the snap store: its daemon is not docker.service, so nothing can be ordered before it; snap remove docker, and ${install}`,
      },
      Podman: {
        on: withDocker(bare, { path: "/usr/bin/podman" }),
        spec,
        says: `${at}the host has Podman: its networks are its own, and nothing of Docker's keeps them; ${install}`,
      },
      "Podman behind Docker's client": {
        on: withDocker(bare, { server: { version: "4", apiVersion: "1.41", components: ["Podman Engine"] } }),
        spec,
        says: `${at}the host has Podman: its networks are its own, and nothing of Docker's keeps them; ${install}`,
      },
      rootless: {
        on: withInfo(bare, { security: ["name=rootless"] }),
        spec,
        says: `${at}the host has rootless Docker: it lives in a network namespace of its own, where there is no NIC of the host; ${install}`,
      },
      "Docker Desktop": {
        on: withInfo(bare, { os: "Docker Desktop" }),
        spec,
        says: `${at}the host has Docker Desktop: it runs in a virtual machine of its own, where there is no NIC of the host; ${install}, or use a virtual machine that is bridged to the LAN`,
      },
    },
    quiet: {
      "Docker Engine": { on: bare, spec },
      "an old one, of which another rule speaks": { on: withVersion(bare, "20.10.24", "1.41"), spec },
    },
  },
  "docker-unit": {
    fires: {
      "no docker.service": {
        on: { ...bare, units: new Map() },
        spec,
        says: `${at}Docker is not run by docker.service, so nothing can be ordered before it; ${install}`,
      },
      masked: {
        on: docker("masked"),
        spec,
        says: `${at}docker.service is masked; systemctl unmask docker.service`,
      },
    },
    quiet: {
      loaded: { on: docker("loaded"), spec },
      "no Docker, of which another rule speaks": { on: fixture("trixie-no-docker"), spec },
    },
  },
  "docker-of-kubernetes": {
    fires: {
      "pods in Docker": {
        on: container("k8s_POD_web-0_default"),
        spec,
        says: `${at}Kubernetes runs its pods in this Docker (container k8s_POD_web-0_default); use a host of its own, a virtual machine, or Multus in the cluster`,
      },
    },
    quiet: {
      "containers of others": { on: used, spec },
      "k3s with a containerd of its own": { on: { ...used, platforms: ["k3s"] }, spec },
    },
  },
});
