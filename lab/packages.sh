#!/bin/sh
# shellcheck disable=SC2016 # the single-quoted dollar is meant for apt
# packages.sh SUITE OUT STATUS PACKAGE...: downloads the packages, and whatever they need besides those that STATUS (a host's dpkg status) says
# are installed, to OUT. Needs no root. The mirror is the one that build.sh takes.
set -eu
suite=$1
out=$2
status=$3
shift 3

mirror=${LAB_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -E '/debian/?$' | head -n 1)}
if [ -z "$mirror" ]; then
	echo "no Debian mirror among this machine's apt sources; set LAB_MIRROR to the URL of one" >&2
	exit 2
fi

# An apt of its own, which knows the host instead of this machine; how this machine reaches its mirror holds for it as well.
mkdir -p "$out/apt/lists/partial" "$out/partial"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$out/apt/sources.list"
{
	apt-config dump | grep -E '^Acquire::(Check-|http|https|ForceIPv)' || :
	cat <<-END
		Dir::State "$out/apt";
		Dir::State::lists "$out/apt/lists";
		Dir::State::status "$status";
		Dir::Cache "$out/apt";
		Dir::Cache::archives "$out";
		Dir::Etc::sourcelist "$out/apt/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		APT::Architecture "amd64";
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Debug::NoLocking "true";
		Acquire::Languages "none";
	END
} >"$out/apt/apt.conf"
export APT_CONFIG="$out/apt/apt.conf"
apt-get -q update
apt-get -q -y --download-only install "$@"
rm -rf "$out/apt" "$out/partial"
