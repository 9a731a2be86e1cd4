# SPDX-License-Identifier: MIT
"""The probes: what is tried, how success shows, and which layers stop it, each enough alone.

A probe is reached when its program prints REACHED, or, with `watch`, when one of these paths of the host has changed.
`layers`: the layers of sandbox.h's Options::without, of which every single one stops it. A probe with one is single-layered.
"""
import platform

SECRETS = """.ssh/id_ed25519 .ssh/id_rsa .ssh/config .ssh/known_hosts .ssh/authorized_keys .gnupg/private-keys-v1.d/a.key .gnupg/pubring.kbx
.local/share/keyrings/login.keyring .local/share/keyrings/default .local/share/kwalletd/kdewallet.kwl .password-store/mail.gpg .mozilla/firefox/p/logins.json
.mozilla/firefox/p/key4.db .mozilla/firefox/p/cookies.sqlite .config/google-chrome/Default/Cookies .config/chromium/Default/Login_Data .config/BraveSoftware/x
.config/microsoft-edge/Default/Cookies .config/vivaldi/Default/Cookies .thunderbird/p/logins.json .aws/credentials .aws/config .azure/accessTokens.json
.config/gcloud/credentials.db .config/gcloud/application_default_credentials.json .kube/config .docker/config.json .config/gh/hosts.yml .config/hub .netrc
.git-credentials .config/git/credentials .npmrc .pypirc .cargo/credentials.toml .gem/credentials .m2/settings.xml .gradle/gradle.properties .terraform.d/credentials.tfrc.json
.config/op/config .vault-token .pgpass .my.cnf .bash_history .zsh_history .python_history .node_repl_history .psql_history .mysql_history .sqlite_history .lesshst
.local/share/fish/fish_history .config/Signal/config.json .config/Slack/Cookies .config/discord/token .config/Element/x .config/1Password/x .config/Bitwarden/data.json
.Xauthority .ICEauthority .config/rclone/rclone.conf .s3cfg .boto .config/doctl/config.yaml .oci/config .config/sops/age/keys.txt .claude/credentials.json .codex/auth.json
.config/Code/User/globalStorage/state.vscdb .var/app/org.x/data/x snap/firefox/x .electrum/wallets/default .bitcoin/wallet.dat .config/openai/auth .wine/x Documents/taxes.txt
Mail/inbox Downloads/bank.pdf .env .local/share/uv/credentials/credentials.toml .dotnet/corefx/cryptography/x509stores/my/a.pfx go/src/own/.env .npm-global/etc/npmrc
.nvm/versions/node/v22/etc/npmrc .asdf/installs/nodejs/22/etc/npmrc .pyenv/versions/3.12/pip.conf miniconda3/.condarc anaconda3/.condarc
.nodenv/versions/22/etc/npmrc .volta/tools/image/node/22/etc/npmrc .fnm/node-versions/v22/installation/etc/npmrc .pyenv/versions/3.12/.condarc miniconda3/pip.conf anaconda3/pip.conf""".split()

ABSENT = """.envrc .bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin .zlogout .kshrc .mkshrc .cshrc .tcshrc .login
.inputrc .xprofile .xinitrc .xsession .xsessionrc .pam_environment .tmux.conf .screenrc .gitconfig .pre-commit-config.yaml lefthook.yml .vimrc .gvimrc .exrc .nvimrc .nvim.lua
.emacs .emacs.el .dir-locals.el .devcontainer.json .mcp.json mcp.json .aider.conf.yml .npmrc .yarnrc .yarnrc.yml .pnpmfile.cjs .gdbinit .lldbinit .pdbrc .pythonrc .irbrc .pryrc
.psqlrc .sqliterc .my.cnf .curlrc .wgetrc .mailcap .forward .procmailrc .mise.toml .condarc .netrc .rhosts my.code-workspace my.sublime-project
.husky/pre-commit .githooks/pre-push .vscode/tasks.json .vscode/settings.json .idea/workspace.xml .fleet/run.json .zed/tasks.json .devcontainer/devcontainer.json .vim/plugin/x.vim
.emacs.d/init.el .cursor/mcp.json .claude/settings.json .codex/config.toml .gemini/settings.json .windsurf/x .continue/config.json .roo/mcp.json .pryx/policy.yaml .openclaw/x
.ssh/authorized_keys .gnupg/gpg.conf .config/autostart/x.desktop .config/systemd/user/x.service .config/systemd/user/x.timer .config/environment.d/x.conf .config/fish/config.fish
.config/git/config .config/nvim/init.lua .config/Code/User/settings.json .config/pip/pip.conf .config/direnv/direnvrc .local/share/systemd/user/x.service
.local/share/applications/x.desktop .local/share/dbus-1/services/x.service .local/bin/ls .local/lib/python3/site-packages/x.pth .hg/hgrc .cargo/config.toml .cargo/bin/cargo""".split()

EXISTING = ".envrc .bashrc .vscode/tasks.json .idea/run.xml .mcp.json .npmrc .husky/pre-commit .cursor/mcp.json .claude/settings.json .devcontainer/devcontainer.json".split()
GIT_EXISTING = [f"{r}/{n}" for r in (".git", "sub/.git", "deep/er/.git") for n in ("config", "hooks/pre-commit", "hooks/post-merge", "info/attributes")]
GIT_ABSENT = [f"{r}/{n}" for r in (".git", "sub/.git", "deep/er/.git", "fresh/.git", "a/b/c/d/.git")
              for n in ("hooks/post-checkout", "hooks/fsmonitor", "config.worktree", "modules/m/hooks/x", "modules/m/config", "commondir", "worktrees/w/config.worktree")]

# The sweep moves aside and gives nothing back. After these rows it is enough that what a program of the host would obey is not there:
# a folder that was moved away stays away, and a folder that was completed to a repository loses its settings.
AFTER_SWEEP = {"move .git away and make another": [".git/config", ".git/hooks", "g2/config", "g2/hooks"], "complete one that has settings": ["half/config"],
               "complete one that lacks a folder": ["most/config"], "a rc file that is a link in circles": [".cshrc", ".tcshrc"]}

# Calls that have no business in a sandbox, tried with nonsense arguments: does the call exist? Numbers of x86-64.
CALLS = dict(add_key=248, request_key=249, keyctl=250, ptrace=101, process_vm_readv=310, process_vm_writev=311, kcmp=312, pidfd_getfd=438, perf_event_open=298,
             bpf=321, userfaultfd=323, io_uring_setup=425, io_uring_enter=426, io_uring_register=427, mount=165, umount2=166, pivot_root=155, chroot=161, open_tree=428,
             move_mount=429, fsopen=430, fsconfig=431, fsmount=432, fspick=433, mount_setattr=442, statmount=457, listmount=458, setns=308, unshare=272, clone3=435,
             name_to_handle_at=303, open_by_handle_at=304, init_module=175, finit_module=313, delete_module=176, kexec_load=246, kexec_file_load=320, reboot=169,
             swapon=167, swapoff=168, acct=163, settimeofday=164, clock_settime=227, clock_adjtime=305, adjtimex=159, quotactl=179, quotactl_fd=443, syslog=103,
             sethostname=170, setdomainname=171, ioperm=173, iopl=172, modify_ldt=154, fanotify_init=300, fanotify_mark=301, migrate_pages=256, move_pages=279,
             vmsplice=278, memfd_secret=447, process_mrelease=448, vhangup=153, lookup_dcookie=212, uselib=134, ustat=136, sysfs=139, remap_file_pages=216,
             mbind_home=450, lsm_get_self_attr=459, lsm_set_self_attr=460, lsm_list_modules=461)
NAMESPACES = dict(mount=0x20000, uts=0x4000000, ipc=0x8000000, user=0, pid=0x20000000, net=0x40000000, cgroup=0x2000000)


class Probe:
    def __init__(self, name, argv, layers, watch=(), needs=None, **request):
        self.name, self.argv, self.layers, self.watch = name, [str(a) for a in argv], set(layers), [str(w) for w in watch]
        self.request, self.needs = request, needs


def all_probes(world, exe):
    out = []

    def add(name, verb, *args, layers, watch=(), **more):
        out.append(Probe(name, [exe, verb, *args], layers, watch, **more))

    def shell(name, script, *args, layers, watch=(), **more):
        out.append(Probe(name, ["/bin/sh", "-c", script, "sh", *map(str, args)], layers, watch, **more))

    secrets(world, add, shell)
    writes_outside(world, add, shell)
    later_run(world, add, shell)
    services(world, add)
    kernel(add)
    processes(world, add, shell)
    for name, cwd in (("up", ".."), ("absolute", str(world.outside)), ("link", "to_outside"), ("link home", "to_home"), ("far up", "src/../../../outside"), ("proc", "/proc/self/cwd")):
        out.append(Probe(f"start in a folder outside: {name}", ["/bin/sh", "-c", "echo REACHED"], {"start"}, cwd=cwd))
    return out


def secrets(world, add, shell):
    both = {"files", "landlock"}
    for name in SECRETS:
        add(f"read ~/{name}", "read", world.home / name, layers=both)
    for name in ("config/config.yaml", "config/policy.yaml", "config/master.key", "data/pryx.db", "data/key.json", "state/audit.checkpoint", "run/core.json"):
        add(f"read Pryx's {name}", "read", world.pryx / name, layers=both)
    for folder, own in world.system.items():
        # Landlock opens the private /tmp, and knows it by its path only.
        add(f"read in {folder}", "read", own / "secret.txt", layers={"files"} if folder in ("/tmp", "/var/tmp") else both)
    add("read through a link of the workspace", "read", world.project / "to_secret", layers=both)
    add("read through a link and ..", "read", world.project / "to_home/.ssh/id_ed25519", layers=both)
    add("read relative to the workspace", "read", "../.ssh/id_ed25519", layers=both)
    add("read below /proc/self/root", "read", f"/proc/self/root{world.home}/.ssh/id_ed25519", layers=both)
    add("read below /proc/self/cwd", "read", "/proc/self/cwd/../.ssh/id_ed25519", layers=both)
    add("read below /proc/1/root", "read", f"/proc/{world.victim.pid}/root{world.home}/.ssh/id_ed25519", layers={"files", "landlock", "pid"})
    add("read through an opened path", "reopen", world.home / ".ssh/id_ed25519", layers=both)
    shell("copy a secret into the workspace", 'cat "$1" > stolen && echo REACHED', world.home / ".aws/credentials", layers=both)
    shell("search the home", 'grep -r secret "$1" 2>/dev/null | grep -q . && echo REACHED', world.home / ".config", layers=both)
    shell("archive the home", 'tar cf - -C "$1" .ssh 2>/dev/null | grep -qa OPENSSH\\|secret && echo REACHED', world.home, layers=both)
    add("link a secret into the workspace", "link", world.home / ".netrc", "mine", layers=both)
    add("the daemon's environment", "env", "PRYX_CANARY", layers={"environment"})
    add("an API key in the environment", "env", "OPENAI_API_KEY", layers={"environment"})
    add("the agent socket in the environment", "env", "SSH_AUTH_SOCK", layers={"environment"})
    add("the bus in the environment", "env", "DBUS_SESSION_BUS_ADDRESS", layers={"environment"})
    add("the display in the environment", "env", "DISPLAY", layers={"environment"})
    add("a preloaded library in the environment", "env", "LD_PRELOAD_CANARY", layers={"environment"})
    add("a descriptor left open", "fds", layers={"descriptors"})


def writes_outside(world, add, shell):
    both = {"files", "landlock"}
    o, inner = world.outside, world.outside / "sub"
    for verb, args, watch in (("write", (o / "file.txt",), o / "file.txt"), ("append", (o / "file.txt",), o / "file.txt"), ("truncate", (o / "file.txt",), o / "file.txt"),
                              ("unlink", (o / "file.txt",), o / "file.txt"), ("rename", (o / "file.txt", o / "moved"), o), ("exchange", (o / "file.txt", inner / "file.txt"), o),
                              ("symlink", ("/etc", o / "link"), o), ("link", (o / "file.txt", o / "twin"), o), ("mkdir", (o / "made",), o), ("mkfifo", (o / "pipe",), o),
                              ("write", (o / "made.txt",), o), ("write", (o / "bin/tool",), o), ("rename", ("readme.txt", o / "moved"), o), ("tmpfile", (o, o / "t"), o)):
        add(f"{verb} outside: {watch.name}{len(args)}{args[-1].name if hasattr(args[-1], 'name') else ''}", verb, *args, layers=both, watch=[watch])
    # Landlock knows neither permission bits nor extended attributes.
    add("chmod outside", "chmod", o / "file.txt", layers={"files"}, watch=[o / "file.txt"])
    add("setxattr outside", "setxattr", o / "file.txt", layers={"files"}, watch=[o / "file.txt"])
    for name in (".cargo/bin/tool", ".local/bin/tool", ".local/lib/module.py"):
        add(f"overwrite ~/{name}", "write", world.home / name, layers=both, watch=[world.home / name])
        add(f"plant beside ~/{name}", "write", (world.home / name).parent / "planted", layers=both, watch=[(world.home / name).parent])
    for name in (".bashrc", ".profile", ".ssh/authorized_keys", ".gitconfig", ".config/autostart/x.desktop", ".config/systemd/user/x.service", ".local/bin/planted", ".pam_environment"):
        shell(f"plant ~/{name}", 'mkdir -p "$(dirname "$1")" && echo x > "$1"', world.home / name, layers=both,
              watch=[world.home / name])
    for name in ("config/policy.yaml", "config/config.yaml", "config/agents/x.yaml", "data/pryx.db", "run/core.json"):
        add(f"write Pryx's {name}", "write", world.pryx / name, layers=both, watch=[world.pryx / "config", world.pryx / "data", world.pryx / "run"])
    for folder, own in world.system.items():
        temporary = folder in ("/tmp", "/var/tmp")
        add(f"write in {folder}", "write", own / "secret.txt", layers={"files"} if temporary else both, watch=[own])
    add("write through a link", "write", "to_outside/file.txt", layers=both, watch=[o])
    add("write through a new link", "write", world.project / "to_outside/made.txt", layers=both, watch=[o])
    shell("make a link and write through it", 'ln -s "$1" way && echo x > way/file.txt', o, layers=both, watch=[o])
    shell("copy over", 'cp readme.txt "$1"', o / "file.txt", layers=both, watch=[o])
    shell("install over", 'install -m755 readme.txt "$1"', o / "bin/tool", layers=both, watch=[o])
    shell("unpack outside", 'tar cf - readme.txt | tar xf - -C "$1"', o, layers=both, watch=[o])
    shell("dd into a file", 'dd if=/dev/zero of="$1" bs=1 count=1 conv=notrunc 2>/dev/null', o / "file.txt", layers=both, watch=[o])
    add("write below /proc/self/root", "write", f"/proc/self/root{o}/file.txt", layers=both, watch=[o])
    add("write below /proc/PID/cwd", "write", f"/proc/{world.victim.pid}/root{o}/file.txt", layers={"files", "landlock", "pid"}, watch=[o])


def later_run(world, add, shell):
    p = world.project
    write = 'mkdir -p "$(dirname "$1")" && echo x > "$1"'
    for i, name in enumerate(ABSENT):
        at = ("", "sub/", "new/deep/")[i % 3] + name
        if (i % 3 == 0) and any(name == e or name.split("/")[0] == e.split("/")[0] for e in EXISTING):
            at = "new/deep/" + name
        shell(f"plant {at}", write, p / at, layers={"apply"}, watch=[p / at])
    for name in GIT_ABSENT:
        layers = {"apply", "mounts"} if "hooks/" in name and name.split("/")[0] in (".git", "sub", "deep") and "modules" not in name else {"apply"}
        shell(f"plant {name}", write, p / name, layers=layers, watch=[p / name])
    for name in EXISTING + GIT_EXISTING:
        at = p / name
        add(f"overwrite {name}", "write", at, layers={"apply", "mounts"}, watch=[at])
        add(f"replace {name}", "rename", "readme.txt", at, layers={"apply", "mounts"}, watch=[at])
        if name in EXISTING[:4] + GIT_EXISTING[:4]:
            add(f"append to {name}", "append", at, layers={"apply", "mounts"}, watch=[at])
            add(f"delete {name}", "unlink", at, layers={"apply", "mounts"}, watch=[at])
            add(f"truncate {name}", "truncate", at, layers={"apply", "mounts"}, watch=[at])
    hooks = p / ".git/hooks"
    tricks = [
        ("move .git away and make another", "mv .git g2; mkdir -p .git/hooks; echo x > .git/hooks/pre-commit; echo x > .git/config", [hooks, p / ".git/config"]),
        ("make .git a link", "mkdir -p way/hooks; mkdir n; ln -s ../way n/.git", [p / "n/.git"]),
        ("make .git a file", "mkdir n; echo 'gitdir: ../evil' > n/.git", [p / "n/.git"]),
        ("a link to the hooks", "ln -s .git/hooks h; echo x > h/pre-commit", [hooks]),
        ("a link in the place of the hooks", "rm -rf sub/.git/hooks; ln -s ../../evil sub/.git/hooks", [p / "sub/.git/hooks"]),
        ("complete a bare repository", "mkdir -p b/objects b/refs b/hooks; echo x > b/hooks/update; echo x > b/config; echo ref > b/HEAD", [p / "b/config", p / "b/hooks"]),
        ("complete one that has settings", "mkdir -p half/objects half/refs; echo ref > half/HEAD", [p / "half/HEAD", p / "half/refs"]),
        ("complete one that lacks a folder", "mkdir -p most/objects", [p / "most/objects"]),
        ("give settings to a repository of any name", "echo x > whole/config; mkdir whole/hooks; echo x > whole/hooks/update", [p / "whole/config", p / "whole/hooks"]),
        ("borrow the parts of a repository", "mkdir -p t d/objects d/refs; echo ref > t/HEAD; echo ../d > t/commondir; echo x > d/config", [p / "t/commondir"]),
        ("change a hook where the settings say", "echo x > named/tools/hooks/pre-commit", [p / "named/tools"]),
        ("add a hook where the settings say", "echo x > named/tools/hooks/post-merge", [p / "named/tools"]),
        ("replace the folder of the hooks", "rm -rf named/tools; mkdir -p named/tools/hooks; echo x > named/tools/hooks/pre-commit", [p / "named/tools/hooks/pre-commit"]),
        ("change settings that are included", "echo x > named/shared.cfg", [p / "named/shared.cfg"]),
        ("change a hook behind a link", "echo x > linked/scripts/pre-commit", [p / "linked/scripts"]),
        ("a link to a folder with a protected name in it", "mkdir c; echo x > c/config.toml; mkdir -p n; ln -s ../c n/.cargo", [p / "n/.cargo"]),
        ("a rc file that is a link in circles", "ln -sf .cshrc .cshrc; rm .tcshrc; echo x > .tcshrc", [p / ".cshrc", p / ".tcshrc"]),
        ("in capital letters", "mkdir -p n/.GIT/HOOKS; echo x > n/.GIT/HOOKS/pre-commit", [p / "n/.GIT/HOOKS"]),
        ("a hard link as a rc file", "ln readme.txt .zshrc", [p / ".zshrc"]),
        ("a link as a rc file", "ln -s readme.txt .zshrc", [p / ".zshrc"]),
        ("a folder of links", "mkdir l; ln -s ../.vscode l/.vscode; echo x > l/.vscode/tasks.json", [p / ".vscode/tasks.json", p / "l/.vscode"]),
        ("rename into place", "echo x > t; mv t .zshenv", [p / ".zshenv"]),
        ("rename a folder into place", "mkdir -p t; echo x > t/settings.json; mkdir n; mv t n/.vscode", [p / "n/.vscode"]),
        ("replace a whole folder", "rm -rf .vscode; mkdir .vscode; echo evil > .vscode/tasks.json", [p / ".vscode/tasks.json"]),
        ("replace the folder above", "rm -rf deep; mkdir -p deep/er/.git/hooks; echo x > deep/er/.git/hooks/pre-commit", [p / "deep/er/.git/hooks/pre-commit"]),
        ("write late", "(sleep 0.05; echo x > .zlogin) & sleep 0.1", [p / ".zlogin"]),
        ("write after the end", "setsid sh -c 'sleep 0.3; echo x > .zlogin' & true", [p / ".zlogin"]),
        ("delete a hook", "rm -f .git/hooks/pre-commit", [hooks]),
        ("delete a repository", "rm -rf sub/.git", [p / "sub/.git/config", p / "sub/.git/hooks"]),
        ("a file of the user with rights of the group", "cp /bin/true t; chmod 6755 t; mv t .bash_login", [p / ".bash_login"]),
    ]
    # Mounts over what existed stop these as well, and the end of the run whoever waits for it.
    twice = {"move .git away and make another": "mounts", "a link to the hooks": "mounts", "a link in the place of the hooks": "mounts",
             "replace a whole folder": "mounts", "replace the folder above": "mounts", "delete a hook": "mounts", "delete a repository": "mounts",
             "change a hook where the settings say": "mounts", "add a hook where the settings say": "mounts", "replace the folder of the hooks": "mounts",
             "change settings that are included": "mounts", "change a hook behind a link": "mounts", "write after the end": "pid"}
    for name, script, watch in tricks:
        shell(name, script, layers={"apply", twice.get(name, "apply")}, watch=watch)


def services(world, add):
    for name, path in world.sockets.items():
        # Through an overlay the name of a socket leads nowhere.
        layers = {"in-workspace": {"overlay", "seccomp"}, "outside": {"seccomp"}}.get(name, {"files", "seccomp"})
        add(f"talk to {name}'s socket", "unix", path, layers=layers)
    add("talk to an abstract socket", "abstract", world.tag, layers={"net", "seccomp"})
    for host, (tcp, udp) in world.ports.items():
        kind = "loopback" if host in ("127.0.0.1", "::1") else "own address"
        add(f"TCP to {kind} {'6' if ':' in host else '4'}", "tcp", host, tcp, layers={"net"})
        add(f"UDP to {kind} {'6' if ':' in host else '4'}", "udp", host, udp, layers={"net"})
    tcp, udp = world.ports["127.0.0.1"]
    add("TCP to a mapped address", "tcp", "::ffff:127.0.0.1", tcp, layers={"net"})
    add("TCP to 0.0.0.0", "tcp", "0.0.0.0", tcp, layers={"net"})
    add("TCP to all of 127/8", "tcp", "127.9.9.9", tcp, layers={"net"}, needs="listener on every address")
    add("TCP fast open", "fastopen", "127.0.0.1", tcp, layers={"net"})
    add("a name asked for by UDP", "udp", "127.0.0.1", udp, layers={"net"})
    for family, kind, protocol, name in ((1, 1, 0, "Unix stream"), (1, 2, 0, "Unix datagram"), (1, 5, 0, "Unix packets"), (16, 3, 15, "netlink events"), (16, 3, 16, "generic netlink"),
                                         (16, 3, 12, "netfilter netlink"), (16, 3, 6, "IPsec netlink"), (16, 3, 9, "audit netlink"), (16, 3, 4, "socket diagnosis"),
                                         (38, 5, 0, "kernel crypto"), (40, 1, 0, "virtual machine"), (2, 2, 136, "UDP-Lite"), (2, 1, 262, "multipath TCP"), (2, 2, 1, "ping"), (10, 2, 58, "ping 6"), (2, 5, 132, "SCTP"),
                                         (29, 3, 1, "CAN"), (31, 3, 1, "Bluetooth"), (30, 5, 0, "TIPC"), (21, 5, 0, "RDS"), (41, 5, 0, "KCM"), (44, 3, 0, "XDP")):
        # Ping sockets and UDP-Lite are datagrams of the namespace's own loopback: no way out, so not counted here.
        if name in ("UDP-Lite", "multipath TCP", "ping", "ping 6"):
            continue
        add(f"make a socket: {name}", "socket", family, kind, protocol, layers={"seccomp"})


def kernel(add):
    if platform.machine() == "x86_64":
        for name, number in CALLS.items():
            add(f"call {name}", "call", number, layers={"seccomp"})
    # bubblewrap forbids user namespaces below its own as well.
    for name, flag in NAMESPACES.items():
        add(f"unshare {name}", "unshare", hex(flag), layers={"seccomp", "user"})
        add(f"clone {name}", "clone", hex(flag), layers={"seccomp", "user"})
    add("clone3 with namespaces", "clone3", layers={"seccomp", "user"})
    add("mount", "mount", layers={"seccomp", "user"})
    add("fsopen", "fsopen", layers={"seccomp", "user"})
    add("open_tree", "open_tree", layers={"seccomp", "user"})
    add("chroot", "chroot", "/tmp", layers={"seccomp", "user"})
    add("sethostname", "sethostname", layers={"seccomp", "user"})
    add("io_uring", "uring", layers={"seccomp"})
    add("userfaultfd", "userfaultfd", layers={"seccomp"})
    add("a key of the process", "addkey", layers={"seccomp"})
    add("the keyring of the session", "keyctl", layers={"seccomp"})
    add("perf", "perf", layers={"seccomp"})
    add("bpf", "bpf", layers={"seccomp"})
    add("ptrace a child", "ptrace", layers={"seccomp"})
    add("read a child's memory", "readmemory", layers={"seccomp"})
    add("take a child's descriptor", "getfd", layers={"seccomp"})
    for value, name in ((0x0400000, "READ_IMPLIES_EXEC"), (0x0100000, "MMAP_PAGE_ZERO"), (0x8, "PER_LINUX32")):
        add(f"personality {name}", "personality", hex(value), layers={"seccomp"})
    for request, name in ((0x5412, "TIOCSTI"), (0x100005412, "TIOCSTI with a high bit"), (0x5423, "TIOCSETD")):
        add(name, "sti", hex(request), layers={"seccomp"})


def processes(world, add, shell):
    victim = world.victim.pid
    for name in ("environ", "cmdline", "maps", "status", "stat", "comm"):
        # What needs the right to trace is refused across user namespaces and by Landlock as well.
        add(f"read /proc/PID/{name} of the host", "read", f"/proc/{victim}/{name}", layers={"pid", "user namespace"} if name in ("environ", "maps") else {"pid"})
    add("signal a process of the host", "kill", victim, layers={"pid", "landlock"})
    add("slow a process of the host", "priority", victim, layers={"pid"})
    add("limit a process of the host", "prlimit", victim, layers={"pid"})
    add("a handle on a process of the host", "pidfd", victim, layers={"pid"})
    add("ptrace a process of the host", "ptrace", victim, layers={"pid", "seccomp"})
    add("stay in the session of the daemon", "session", "SESSION", layers={"session", "pid"})
    add("shared memory of the host", "shm", "SHM", layers={"ipc"})
    add("300 processes", "processes", 300, layers={"limits"})
    add("5 GiB of memory", "memory", 5 << 30, layers={"limits"})
    add("1500 open files", "manyfiles", 1500, layers={"limits"})
    add("a file of 3 GiB", "bigfile", "huge", 3 << 30, layers={"limits"})
    add("rights of set-uid programs", "nnp", "/bin/su", layers={"no new privileges"})
    for i in range(3):
        add(f"outlive the run {i}", "orphan", f"{77120 + i}.{world.victim.pid}", layers={"pid"}, watch=[f"process:{77120 + i}.{world.victim.pid}"])
    shell("outlive the run by nohup", f"nohup sleep 77130.{victim} >/dev/null 2>&1 & sleep 0.05", layers={"pid"}, watch=[f"process:77130.{victim}"])
