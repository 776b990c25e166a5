# One daemon of Swift: swift-daemon.py KIND CONFIGURATION_FOLDER
#
# It listens on a free port before it says which one on its stdout, so nobody else can take the port in between, and whoever comes
# early just waits. The proxy then reads the ports of the others on its stdin, one line of JSON, and writes the rings, which
# tell it where accounts, containers and objects lie.
import json
import socket
import sys

import eventlet
from swift.common import utils

kind, etc = sys.argv[1:]
utils.set_swift_dir(etc)  # before the modules that read swift.conf when they are imported

from swift.common import wsgi
from swift.common.ring.builder import RingBuilder

# Without reuse_port=False two daemons could share a port in silence.
listener = eventlet.listen(("127.0.0.1", 0), backlog=1024, reuse_port=False)
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print(listener.getsockname()[1], flush=True)
if kind == "proxy":
    for name, port in json.loads(sys.stdin.readline()).items():
        builder = RingBuilder(part_power=2, replicas=1, min_part_hours=0)
        device = dict(id=0, region=1, zone=1, weight=1, ip="127.0.0.1", port=port, device="disk", meta="")
        builder.add_dev(device)
        builder.rebalance()
        builder.get_ring().save(f"{etc}/{name}.ring.gz")
wsgi.get_socket = lambda conf: listener
sys.stdout = sys.stderr
sys.exit(wsgi.run_wsgi(f"{etc}/{kind}.conf", f"{kind}-server", verbose=True))
