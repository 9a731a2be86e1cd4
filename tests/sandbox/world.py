# SPDX-License-Identifier: MIT
"""A small host made of decoys: a home with secrets, a workspace, Pryx's places, services behind sockets, processes to attack.

Everything that is read, written or talked to belongs to the campaign. As root it lays decoys into system folders as well
(/run, /home, /var/log…), then becomes an ordinary user; without root those rows are left out, and the run says so.
"""
import os
import pathlib
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import threading

USER = 65534
SYSTEM_FOLDERS = ["/run", "/home", "/root", "/var/log", "/var/spool", "/mnt", "/media", "/srv", "/tmp", "/var/tmp", "/var/backups"]


class World:
    def __init__(self):
        self.tag = "pryx-probe-" + secrets.token_hex(4)
        self.was_root = os.geteuid() == 0
        base = "/opt" if self.was_root else pwd.getpwuid(os.getuid()).pw_dir
        self.root = pathlib.Path(tempfile.mkdtemp(prefix=self.tag + "-", dir=base))
        self.system = {}
        self.sockets, self.servers, self.children = {}, [], []
        self.home, self.project, self.outside, self.pryx = (self.root / n for n in ("home", "home/project", "outside", "pryx"))
        self.canary = secrets.token_hex(8)

    # --- as root, before the drop

    def lay_system_decoys(self):
        if not self.was_root:
            return
        for folder in SYSTEM_FOLDERS:
            if not os.path.isdir(folder) or os.path.islink(folder):
                continue
            own = pathlib.Path(folder) / self.tag
            own.mkdir(mode=0o755)
            self.system[folder] = own
            (own / "secret.txt").write_text("decoy " + self.canary)
            for path in (own, own / "secret.txt"):
                os.chown(path, USER, USER)

    def become_user(self):
        """In the child that does the work: the parent stays root only to clean up."""
        if self.was_root:
            os.chown(self.root, USER, USER)
            os.setgroups([])
            os.setresgid(USER, USER, USER)
            os.setresuid(USER, USER, USER)
        self.root.chmod(0o755)

    def clean(self):
        for own in [self.root, *self.system.values()]:
            subprocess.run(["chmod", "-R", "u+rwX", str(own)], stderr=subprocess.DEVNULL, check=False)
            shutil.rmtree(own, ignore_errors=True)

    # --- as the user

    def put(self, path, text="decoy"):
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def fill(self, secret_names, existing_names):
        for name in secret_names:
            self.put(self.home / name, "secret " + self.canary)
        for name in ("config/config.yaml", "config/policy.yaml", "config/master.key", "data/pryx.db", "data/key.json", "state/audit.checkpoint", "run/core.json"):
            self.put(self.pryx / name, "secret " + self.canary)
        for name in existing_names:
            self.put(self.project / name, "original\n")
        for name in ("readme.txt", "src/main.c", "sub/file"):
            self.put(self.project / name, "text\n")
        for repository in (".git", "sub/.git", "deep/er/.git"):
            for name in ("HEAD", "config", "hooks/pre-commit", "hooks/post-merge", "objects/aa/bb", "refs/heads/main", "info/attributes"):
                self.put(self.project / repository / name, "original\n")
        for name in ("half/config", "most/config", "most/HEAD", "most/refs/heads/main", "whole/HEAD", "whole/objects/aa/bb", "whole/refs/heads/main"):
            self.put(self.project / name, "original\n")
        # Repositories whose hooks lie in folders of ordinary names.
        for repository in ("named", "linked"):
            for name in ("HEAD", "objects/aa/bb", "refs/heads/main"):
                self.put(self.project / repository / ".git" / name, "original\n")
        self.put(self.project / "named/.git/config", "[core]\n\thooksPath = tools/hooks\n[include]\n\tpath = ../shared.cfg\n")
        for name in ("named/tools/hooks/pre-commit", "named/shared.cfg", "linked/scripts/pre-commit"):
            self.put(self.project / name, "original\n")
        (self.project / "linked/.git/hooks").symlink_to("../scripts")
        (self.project / ".tcshrc").symlink_to(".tcshrc")  # a trap for whoever mounts over it
        for name in ("file.txt", "sub/file.txt", "bin/tool"):
            self.put(self.outside / name, "original\n")
        for name in (".cargo/bin/tool", ".local/bin/tool", ".local/lib/module.py"):
            self.put(self.home / name, "original\n")
        (self.project / "to_secret").symlink_to(self.home / ".ssh/id_ed25519")
        (self.project / "to_outside").symlink_to(self.outside)
        (self.project / "to_home").symlink_to("..")

    def serve_stream(self, listener):
        self.servers.append(listener)

        def answer():
            while True:
                try:
                    peer, _ = listener.accept()
                    peer.settimeout(5)
                    if peer.recv(16):
                        peer.send(b"welcome")
                    peer.close()
                except OSError:
                    if listener.fileno() < 0:
                        return

        threading.Thread(target=answer, daemon=True).start()

    def serve_datagram(self, bound):
        self.servers.append(bound)

        def answer():
            while True:
                try:
                    _, peer = bound.recvfrom(64)
                    bound.sendto(b"welcome", peer)
                except OSError:
                    return

        threading.Thread(target=answer, daemon=True).start()

    def unix(self, name, path):
        listener = socket.socket(socket.AF_UNIX)
        path.parent.mkdir(parents=True, exist_ok=True)
        # By a short way, because such a path has little room.
        here = os.open(".", os.O_RDONLY)
        os.chdir(path.parent)
        listener.bind(path.name)
        os.fchdir(here)
        os.close(here)
        listener.listen(8)
        self.serve_stream(listener)
        self.sockets[name] = str(path)

    def start_services(self):
        places = {"gpg-agent": self.home / ".gnupg/S.agent", "keyring": self.home / ".k/control", "pryx": self.pryx / "run/pryx.sock",
                  "docker-desktop": self.home / ".docker/run/d.sock", "in-workspace": self.project / "dev.sock", "outside": self.outside / "db.sock"}
        for folder, name in (("/run", "docker"), ("/run", "dbus"), ("/tmp", "ssh-agent"), ("/tmp", "x11"), ("/var/tmp", "tmux")):
            if folder in self.system:
                places[name] = self.system[folder] / (name + ".sock")
        for name, path in places.items():
            self.unix(name, path)
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind("\0" + self.tag)
        abstract.listen(8)
        self.serve_stream(abstract)
        self.ports = {}
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, own_address())):
            if host is None:
                continue
            try:
                tcp = socket.create_server((host, 0), family=family)
                udp = socket.socket(family, socket.SOCK_DGRAM)
                udp.bind((host, 0))
            except OSError:
                continue
            self.serve_stream(tcp)
            self.serve_datagram(udp)
            self.ports[host] = (tcp.getsockname()[1], udp.getsockname()[1])
        self.victim = subprocess.Popen(["sleep", "3600"], env={"CANARY": self.canary})
        self.children.append(self.victim)

    def stop(self):
        for child in self.children:
            child.kill()
            child.wait()
        for server in self.servers:
            server.close()


def own_address():
    """An address of this machine that is not loopback; nothing is sent to find it."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]
    except OSError:
        return None
    finally:
        probe.close()


def fingerprint(path):
    """What a path is: type, bits and bytes; None when nothing is there."""
    try:
        info = os.lstat(path)
    except OSError:
        return None
    kind = stat.S_IFMT(info.st_mode)
    if stat.S_ISLNK(info.st_mode):
        return kind, os.readlink(path)
    if stat.S_ISREG(info.st_mode):
        marks = tuple(sorted(os.listxattr(path, follow_symlinks=False)))
        return kind, stat.S_IMODE(info.st_mode), pathlib.Path(path).read_bytes(), marks
    if stat.S_ISDIR(info.st_mode):
        return kind, tuple(sorted((name, fingerprint(os.path.join(path, name))) for name in os.listdir(path)))
    return kind, stat.S_IMODE(info.st_mode)
