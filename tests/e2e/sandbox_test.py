# SPDX-License-Identifier: MIT
"""The sandbox as a person and a script see it. What commands can reach is tried in tests/sandbox; how they run, in shell_test.py."""
import json

from harness import Skip, case, expect


def sandbox_of(daemon):
    layers = [c for c in daemon.api().get("/diagnostics")["components"] if c["name"].startswith("sandbox")]
    expect(layers and layers[0]["name"] == "sandbox", f"no sandbox among the components: {layers}")
    return layers


@case
def diagnostics_and_doctor_tell_every_layer(lab):
    daemon = lab.daemon()
    layers = sandbox_of(daemon)
    checks = {c["name"]: c for c in json.loads(daemon.cli("doctor", "--json").out)["checks"]}
    expect("sandbox" in checks, f"doctor names no sandbox: {list(checks)}")
    if layers[0]["state"] == "down":
        expect(len(layers) > 1 and all(";" in layer["detail"] for layer in layers[1:]), f"a broken layer without a fix: {layers}")
        raise Skip("no sandbox on this machine: " + layers[1]["detail"])
    for word in ("landlock: ABI", "seccomp", "namespaces", "no new privileges"):
        expect(word in layers[0]["detail"], f"{word!r} is not in {layers[0]['detail']!r}")
