import ipaddress
import re
import socket

network = ipaddress.ip_network("10.1.0.0/22")
print(network.num_addresses, network.netmask, list(network.subnets(new_prefix=24))[1], ipaddress.ip_address("10.1.3.7") in network)
print(ipaddress.ip_address("::1").is_loopback, ipaddress.ip_address("192.168.1.1").is_private, int(ipaddress.ip_address("1.2.3.4")), ipaddress.ip_interface("10.0.0.5/8").network)
try:
    ipaddress.ip_address("300.1.1.1")
except ValueError as error:
    print(error)
print(list(ipaddress.collapse_addresses([ipaddress.ip_network("10.0.0.0/25"), ipaddress.ip_network("10.0.0.128/25")])))
print(socket.inet_aton("1.2.3.4") if hasattr(socket, "inet_aton") else b"\x01\x02\x03\x04", socket.htons(80) in (80, 20480))
print(bool(re.fullmatch(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}", "192.168.0.1")))
