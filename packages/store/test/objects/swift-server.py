# The servers of Swift in one process, so that their modules are loaded once: swift-server.py CONFIGURATION_FOLDER
#
# Each listens on a free port before anything is said of it, so nobody else can take the port in between, and whoever comes early
# just waits. The rings tell the proxy where accounts, containers and objects lie. The port of the proxy goes to stdout.
import socket
import sys

import eventlet
import eventlet.wsgi
from swift.common import utils

etc = sys.argv[1]
utils.set_swift_dir(etc)  # before the modules that read swift.conf when they are imported
utils.eventlet_monkey_patch()

from swift.common import wsgi
from swift.common.ring.builder import RingBuilder

utils.FALLOCATE_RESERVE = 0  # else requests are refused on a disk with less than 1 % of room


def listen():
    # Without reuse_port=False two processes could share a port in silence.
    listener = eventlet.listen(("127.0.0.1", 0), backlog=1024, reuse_port=False)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


listeners = {kind: listen() for kind in ("account", "container", "object", "proxy")}
for kind in ("account", "container", "object"):
    builder = RingBuilder(part_power=2, replicas=1, min_part_hours=0)
    port = listeners[kind].getsockname()[1]
    builder.add_dev(dict(id=0, region=1, zone=1, weight=1, ip="127.0.0.1", port=port, device="disk", meta=""))
    builder.rebalance()
    builder.get_ring().save(f"{etc}/{kind}.ring.gz")

print(listeners["proxy"].getsockname()[1], flush=True)
sys.stdout = sys.stderr
servers = []
for kind, listener in listeners.items():
    _, logger, log_name = wsgi._initrp(f"{etc}/{kind}.conf", f"{kind}-server", verbose=True)
    app = wsgi.loadapp(f"{etc}/{kind}.conf", global_conf={"log_name": log_name})
    # Clients look for "ETag", which is not what capitalizing makes of it.
    options = dict(protocol=wsgi.SwiftHttpProtocol, capitalize_response_headers=False)
    servers.append(eventlet.spawn(eventlet.wsgi.server, listener, app, wsgi.NullLogger(), **options))
for server in servers:
    server.wait()
