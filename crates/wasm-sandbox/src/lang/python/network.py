"""`socket`, `select` and `ssl` over the host's network.

It runs once in every image, before the driver. The host resolves, connects, encrypts and checks; here is only how CPython
says it. `host/net_frame.rs` has the frames.
"""


def _network():
    import collections
    import enum
    import errno
    import importlib
    import math
    import operator
    import selectors
    import select
    import socket
    import sys
    import types

    import _host
    import _socket

    HEAD = 16
    PIECE = 64 << 10
    FOREVER = -1
    DENIED, UNRESOLVED, REFUSED, RESET, UNREACHABLE, TIMED_OUT, TLS, TOO_MANY, NOT_OPEN, SHUT, OTHER, LATE = range(-1, -13, -1)
    # The numbers of connections begin here; files have smaller ones.
    FIRST = 1 << 30

    def door(asks, handle=0, port=0, carried=b"", patience=FOREVER, room=0, most=0):
        """Hands a frame to the host: how it went, and the answer."""
        length = most or len(carried)
        frame = bytearray(b"n" + asks)
        frame += port.to_bytes(2, "little") + handle.to_bytes(4, "little") + length.to_bytes(4, "little")
        frame += patience.to_bytes(4, "little", signed=True) + carried
        frame += bytes(max(0, HEAD + room - len(frame)))
        _host.call(frame)
        status, length = int.from_bytes(frame[:4], "little", signed=True), int.from_bytes(frame[4:8], "little")
        return status, memoryview(frame)[HEAD : HEAD + length]

    def milliseconds(timeout):
        return FOREVER if timeout is None else min(math.ceil(timeout * 1000), 0x7FFF_FFFF)

    def failure(status, message, timeout=None, host=None, port=None):
        """The exception for what the host said."""
        text = bytes(message).decode(errors="replace")
        if status == DENIED:
            return PermissionError(errno.EACCES, text + hint(host, port, text))
        if status == UNRESOLVED:
            return socket.gaierror(socket.EAI_NONAME, text)
        if status == LATE:
            return BlockingIOError(errno.EAGAIN, "nothing is ready") if timeout == 0 else TimeoutError("timed out")
        if status == TLS:
            kind = ssl.SSLCertVerificationError if "certificate" in text else ssl.SSLError
            return kind(1, text)
        kinds = {REFUSED: errno.ECONNREFUSED, RESET: errno.ECONNRESET, UNREACHABLE: errno.EHOSTUNREACH, TIMED_OUT: errno.ETIMEDOUT, TOO_MANY: errno.EMFILE, NOT_OPEN: errno.ENOTCONN, SHUT: errno.EPIPE}
        return OSError(kinds.get(status, errno.EIO), text)

    def hint(host, port, text):
        """What would grant it, where that is one flag."""
        if host is None or any(why in text for why in ("neither a name", "no host", "not sent")):
            return ""
        host = "127.0.0.1" if host == "localhost" else f"[{host}]" if ":" in host and port is not None else host
        return f"; `--allow-net {host}` grants it" if port is None else f"; `--allow-net {host}:{port}` grants it"

    def unsupported(what):
        return OSError(errno.ENOTSUP, f"{what} in this sandbox")

    default_timeout = None

    class Socket:
        """What `socket.socket` is made from: a TCP connection of the host's."""

        __slots__ = ("_handle", "_family", "_type", "_proto", "_timeout", "_dialed", "_places")

        family, type, proto = (property(operator.attrgetter(name)) for name in ("_family", "_type", "_proto"))

        def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
            self._handle = -1 if fileno is None else fileno
            self._family = _socket.AF_INET if family == -1 else family
            self._type = _socket.SOCK_STREAM if type == -1 else type & ~(_socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC)
            self._proto = 0 if proto == -1 else proto
            self._timeout = default_timeout
            self._dialed = None
            self._places = None
            if self.type != _socket.SOCK_STREAM:
                raise unsupported("there are only TCP connections")

        @property
        def timeout(self):
            return self._timeout

        def gettimeout(self):
            return self._timeout

        def settimeout(self, timeout, /):
            if timeout is not None and not timeout >= 0:
                raise ValueError("Timeout value out of range")
            self._timeout = None if timeout is None else float(timeout)

        def setblocking(self, flag, /):
            self._timeout = None if flag else 0.0

        def getblocking(self):
            return self._timeout != 0.0

        def fileno(self):
            return self._handle

        def detach(self):
            handle, self._handle = self._handle, -1
            return handle

        def close(self):
            if self._handle >= FIRST:
                door(b"x", self.detach())
            self._handle = -1

        def __del__(self):
            if self._handle >= FIRST:
                self.close()

        def _open(self):
            if self._handle < FIRST:
                code = errno.EBADF if getattr(self, "_closed", False) else errno.ENOTCONN
                raise OSError(code, "the socket is closed" if code == errno.EBADF else "the socket is not connected")
            return self._handle

        def connect(self, address, /):
            host, port = address[:2]
            host = name_of(host)
            if self._handle < FIRST:
                check_port(port)
                status, answer = door(b"c", port=port, carried=host.encode(), room=1024)
                if status < 0:
                    raise failure(status, answer, host=host, port=port)
                self._handle, self._dialed = int.from_bytes(answer, "little"), (host, port)
            status, answer = door(b"o", self._handle, patience=milliseconds(self._timeout), room=1024)
            if status == LATE and self._timeout == 0:
                raise BlockingIOError(errno.EINPROGRESS, "the connection is being made")
            if status < 0:
                self.close()
                raise failure(status, answer, self._timeout, host, port)
            local, local_port, peer, peer_port = bytes(answer).decode().split()
            self._places = place(local, local_port), place(peer, peer_port)

        def connect_ex(self, address, /):
            try:
                self.connect(address)
            except OSError as exc:
                return exc.errno or errno.EIO
            return 0

        def _send(self, data):
            status, answer = door(b"s", self._open(), carried=bytes(data[:PIECE]), patience=milliseconds(self._timeout), room=1024)
            if status < 0:
                host, port = self._dialed or (None, None)
                raise failure(status, answer, self._timeout, host, port)
            return status

        def send(self, data, flags=0, /):
            data = memoryview(data).cast("B")
            return self._send(data) if len(data) else 0

        def sendall(self, data, flags=0, /):
            data = memoryview(data).cast("B")
            while len(data):
                data = data[self._send(data) :]

        def recv_into(self, buffer, nbytes=0, flags=0):
            view = memoryview(buffer).cast("B")
            data = self._receive(min(nbytes or len(view), len(view)), flags)
            view[: len(data)] = data
            return len(data)

        def recv(self, bufsize, flags=0, /):
            if bufsize < 0:
                raise ValueError("negative buffersize in recv")
            return bytes(self._receive(bufsize, flags))

        def _receive(self, most, flags):
            if flags & ~getattr(_socket, "MSG_WAITALL", 0):
                raise unsupported("bytes cannot be looked at without being taken")
            if most == 0:
                return b""
            most = min(most, PIECE)
            status, answer = door(b"v", self._open(), patience=milliseconds(self._timeout), room=max(1024, most), most=most)
            if status < 0:
                raise failure(status, answer, self._timeout)
            return answer

        def recvfrom(self, bufsize, flags=0, /):
            return self.recv(bufsize, flags), self.getpeername()

        def shutdown(self, how, /):
            if how != _socket.SHUT_RD:
                door(b"d", self._open())

        def getsockname(self):
            return self._places[0] if self._places else ("0.0.0.0", 0)

        def getpeername(self):
            if self._places is None:
                raise OSError(errno.ENOTCONN, "the socket is not connected")
            return self._places[1]

        def setsockopt(self, level, name, value, length=None, /):
            pass

        def getsockopt(self, level, name, length=0, /):
            if (level, name) == (_socket.SOL_SOCKET, _socket.SO_TYPE):
                return self.type
            return bytes(length) if length else 0

        def ioctl(self, *arguments):
            raise unsupported("there is no ioctl")

        def bind(self, address, /):
            raise PermissionError(errno.EACCES, "nothing can be listened on in this sandbox")

        def listen(self, backlog=0, /):
            raise PermissionError(errno.EACCES, "nothing can be listened on in this sandbox")

        def _accept(self):
            raise PermissionError(errno.EACCES, "nothing can be listened on in this sandbox")

        def sendto(self, *arguments):
            raise unsupported("there are only TCP connections")

        recvfrom_into = recvmsg = recvmsg_into = sendmsg = sendto

    Socket.__module__, Socket.__name__, Socket.__qualname__ = "_socket", "socket", "socket"

    def place(address, port):
        return (address, int(port), 0, 0) if ":" in address else (address, int(port))

    def check_port(port):
        if not isinstance(port, int):
            raise TypeError(f"an integer is required (got type {type(port).__name__})")
        if not 0 <= port <= 0xFFFF:
            raise OverflowError("port must be 0-65535.")

    def name_of(host):
        """A host's name as text, in any alphabet: what resolvers have for it is for the host to say."""
        if isinstance(host, (bytes, bytearray)):
            host = bytes(host).decode("ascii")
        if "\0" in host:
            raise ValueError("embedded null character")
        if len(host.encode()) > 512:
            raise UnicodeError("the host's name is too long")
        return host

    SERVICES = {"http": 80, "https": 443, "ftp": 21, "ssh": 22, "smtp": 25, "smtps": 465, "submission": 587, "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995, "domain": 53}

    def getservbyname(name, protocol=None, /):
        if name not in SERVICES:
            raise OSError("service/proto not found")
        return SERVICES[name]

    def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
        if isinstance(port, (str, bytes)):
            port = port.decode() if isinstance(port, bytes) else port
            port = int(port) if port.isdigit() else SERVICES.get(port)
            if port is None:
                raise socket.gaierror(socket.EAI_SERVICE, "there is no such service")
        port = port or 0
        if type not in (0, _socket.SOCK_STREAM):
            raise socket.gaierror(socket.EAI_SOCKTYPE, "there are only TCP connections in this sandbox")
        host = name_of(host or "localhost")
        status, answer = door(b"r", carried=host.encode(), room=8192)
        if status < 0:
            raise failure(status, answer, host=host, port=port or None)
        found = []
        for address in bytes(answer).decode().split("\n"):
            kind = _socket.AF_INET6 if ":" in address else _socket.AF_INET
            if family in (0, kind):
                found.append((kind, _socket.SOCK_STREAM, _socket.IPPROTO_TCP, "", place(address, port)))
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, f"the name `{host}` has no such address")
        return found

    def gethostbyname(host, /):
        return getaddrinfo(host, 0, _socket.AF_INET)[0][4][0]

    def gethostbyname_ex(host, /):
        return host, [], [info[4][0] for info in getaddrinfo(host, 0, _socket.AF_INET)]

    def gethostbyaddr(host, /):
        raise socket.herror(1, "addresses are not resolved to names in this sandbox")

    def getnameinfo(address, flags, /):
        if not flags & _socket.NI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "addresses are not resolved to names in this sandbox")
        return address[0], str(address[1])

    def getdefaulttimeout():
        return default_timeout

    def setdefaulttimeout(timeout, /):
        nonlocal default_timeout
        if timeout is not None and not timeout >= 0:
            raise ValueError("Timeout value out of range")
        default_timeout = timeout

    close_file = _socket.close

    def close(handle, /):
        door(b"x", handle) if handle >= FIRST else close_file(handle)

    ours = dict(getaddrinfo=getaddrinfo, gethostbyname=gethostbyname, gethostbyname_ex=gethostbyname_ex, gethostbyaddr=gethostbyaddr)
    ours |= dict(getnameinfo=getnameinfo, getdefaulttimeout=getdefaulttimeout, setdefaulttimeout=setdefaulttimeout, close=close)
    ours |= dict(getservbyname=getservbyname, socket=Socket, SocketType=Socket, has_ipv6=True)
    # What programs set, and what has no effect here.
    usual = dict(SO_REUSEADDR=2, SO_ERROR=4, SO_BROADCAST=6, SO_SNDBUF=7, SO_RCVBUF=8, SO_KEEPALIVE=9, SO_LINGER=13, SO_RCVTIMEO=20, SO_SNDTIMEO=21, MSG_NOSIGNAL=0)
    for name, value in ours.items():
        setattr(_socket, name, value)
    for name, value in usual.items():
        if not hasattr(_socket, name):
            setattr(_socket, name, value)
    # Its class is made anew, over ours.
    importlib.reload(socket)

    def ready(wanted, timeout):
        """Which of `{handle: bits}` are ready: 1 to receive, 2 to send. Waits for one, at most so long."""
        carried = b"".join(handle.to_bytes(4, "little") + bytes([bits]) for handle, bits in wanted.items())
        _, answer = door(b"p", carried=carried, patience=milliseconds(timeout), room=len(wanted))
        return dict(zip(wanted, answer))

    def number(file):
        return file if isinstance(file, int) else file.fileno()

    select_files, poll_files = select.select, select.poll

    def select_all(rlist, wlist, xlist, timeout=None, /):
        rlist, wlist, xlist = list(rlist), list(wlist), list(xlist)
        wanted = {}
        for files, bit in ((rlist, 1), (wlist, 2)):
            for file in files:
                if (handle := number(file)) >= FIRST:
                    wanted[handle] = wanted.get(handle, 0) | bit
        if not wanted:
            return select_files(rlist, wlist, xlist, timeout)
        if any(number(file) < FIRST for file in (*rlist, *wlist)):
            raise unsupported("files and connections cannot be waited for together")
        found = ready(wanted, timeout)
        return [file for file in rlist if found[number(file)] & 1], [file for file in wlist if found[number(file)] & 2], []

    class Poll:
        """`select.poll()`, which has files or connections."""

        def __init__(self):
            self._files = {}

        def register(self, file, events=select.POLLIN | select.POLLPRI | select.POLLOUT, /):
            self._files[number(file)] = events

        def modify(self, file, events, /):
            if number(file) not in self._files:
                raise FileNotFoundError(errno.ENOENT, "it is not registered")
            self.register(file, events)

        def unregister(self, file, /):
            del self._files[number(file)]

        def poll(self, timeout=None, /):
            connections = {handle: events for handle, events in self._files.items() if handle >= FIRST}
            if len(connections) < len(self._files):
                if connections:
                    raise unsupported("files and connections cannot be waited for together")
                files = poll_files()
                for file, events in self._files.items():
                    files.register(file, events)
                return files.poll(timeout)
            wanted = {handle: bool(events & select.POLLIN) | bool(events & select.POLLOUT) << 1 for handle, events in connections.items()}
            found = ready(wanted, None if timeout is None or timeout < 0 else timeout / 1000)
            bits = lambda one: bool(one & 1) * select.POLLIN | bool(one & 2) * select.POLLOUT
            return [(handle, bits(one)) for handle, one in found.items() if one]

    select.select, select.poll = select_all, Poll
    selectors.SelectSelector._select = lambda self, r, w, _, timeout=None: select_all(r, w, [], timeout)
    selectors.PollSelector._selector_cls = Poll

    ssl = types.ModuleType("ssl", "TLS by the host, which checks every certificate against this machine's roots and the policy's.")
    ssl.__file__ = None

    class SSLError(OSError):
        @property
        def reason(self):
            return self.strerror

        library = "SSL"

    class SSLCertVerificationError(SSLError, ValueError):
        verify_code = 1

        @property
        def verify_message(self):
            return self.strerror

    kinds = {name: type(name, (SSLError,), {}) for name in ("SSLZeroReturnError", "SSLWantReadError", "SSLWantWriteError", "SSLSyscallError", "SSLEOFError")}
    kinds |= {"SSLError": SSLError, "SSLCertVerificationError": SSLCertVerificationError}
    for kind in kinds.values():
        kind.__module__, kind.__qualname__ = "ssl", kind.__name__

    def make(base, name, **values):
        return base(name, values, module="ssl")

    VerifyMode = make(enum.IntEnum, "VerifyMode", CERT_NONE=0, CERT_OPTIONAL=1, CERT_REQUIRED=2)
    TLSVersion = make(enum.IntEnum, "TLSVersion", MINIMUM_SUPPORTED=-2, SSLv3=768, TLSv1=769, TLSv1_1=770, TLSv1_2=771, TLSv1_3=772, MAXIMUM_SUPPORTED=-1)
    Method = make(enum.IntEnum, "_SSLMethod", PROTOCOL_TLS=2, PROTOCOL_TLS_CLIENT=16, PROTOCOL_TLS_SERVER=17)
    Options = make(enum.IntFlag, "Options", OP_ALL=0x80000050, OP_NO_SSLv2=0, OP_NO_SSLv3=1 << 25, OP_NO_TLSv1=1 << 26, OP_NO_TLSv1_1=1 << 28, OP_NO_TLSv1_2=1 << 27, OP_NO_TLSv1_3=1 << 29, OP_NO_COMPRESSION=1 << 17, OP_NO_TICKET=1 << 14, OP_SINGLE_DH_USE=0, OP_SINGLE_ECDH_USE=0, OP_CIPHER_SERVER_PREFERENCE=1 << 22, OP_IGNORE_UNEXPECTED_EOF=1 << 7, OP_ENABLE_MIDDLEBOX_COMPAT=1 << 20)
    VerifyFlags = make(enum.IntFlag, "VerifyFlags", VERIFY_DEFAULT=0, VERIFY_X509_STRICT=32, VERIFY_X509_TRUSTED_FIRST=1 << 15, VERIFY_X509_PARTIAL_CHAIN=1 << 19, VERIFY_CRL_CHECK_LEAF=4, VERIFY_CRL_CHECK_CHAIN=12)
    Purpose = make(enum.Enum, "Purpose", SERVER_AUTH="1.3.6.1.5.5.7.3.1", CLIENT_AUTH="1.3.6.1.5.5.7.3.2")

    class SSLContext:
        """How connections are to be encrypted. What it says of certificates can only be that they are checked."""

        sslsocket_class = None

        def __init__(self, protocol=Method.PROTOCOL_TLS_CLIENT):
            if protocol == Method.PROTOCOL_TLS_SERVER:
                raise unsupported("nothing can be listened on")
            self.protocol = Method(protocol)
            self.verify_mode, self.check_hostname = VerifyMode.CERT_REQUIRED, True
            self.options, self.verify_flags = Options.OP_ALL, VerifyFlags.VERIFY_X509_TRUSTED_FIRST
            self.minimum_version, self.maximum_version = TLSVersion.TLSv1_2, TLSVersion.MAXIMUM_SUPPORTED
            self.post_handshake_auth, self.keylog_filename, self.sni_callback = False, None, None
            self._protocols = []

        def wrap_socket(self, sock, server_side=False, do_handshake_on_connect=True, suppress_ragged_eofs=True, server_hostname=None, session=None):
            if server_side:
                raise unsupported("nothing can be listened on")
            if self.verify_mode == VerifyMode.CERT_NONE:
                raise SSLError(1, "certificates are always checked in this sandbox; `roots` in its policy can name more that are trusted")
            if not server_hostname:
                raise ValueError("check_hostname requires server_hostname")
            return SSLSocket._wrap(self, sock, server_hostname, do_handshake_on_connect)

        def wrap_bio(self, *arguments, **named):
            raise unsupported("TLS is done by the host, on a connection: use `wrap_socket`")

        def set_alpn_protocols(self, protocols):
            protocols = [str(protocol) for protocol in protocols]
            if len(protocols) > 16 or not all(0 < len(protocol.encode()) < 256 and "\n" not in protocol for protocol in protocols):
                raise SSLError(1, "at most 16 protocols can be offered, of 1 to 255 bytes each")
            self._protocols = protocols

        def load_cert_chain(self, certfile, keyfile=None, password=None):
            raise unsupported("there are no certificates of a client's own")

        # The host has certificates, versions and ciphers of its own.
        def load_verify_locations(self, cafile=None, capath=None, cadata=None):
            pass

        def load_default_certs(self, purpose=Purpose.SERVER_AUTH):
            pass

        def set_default_verify_paths(self):
            pass

        def set_ciphers(self, ciphers):
            pass

        def set_ecdh_curve(self, name):
            pass

        def set_npn_protocols(self, protocols):
            pass

        def get_ca_certs(self, binary_form=False):
            return []

        def cert_store_stats(self):
            return {"x509": 0, "crl": 0, "x509_ca": 0}

        def session_stats(self):
            return {}

    class SSLSocket(socket.socket):
        """A connection that the host encrypts."""

        @classmethod
        def _wrap(cls, context, sock, server_hostname, at_once):
            self = cls(sock.family, sock.type, sock.proto)
            self.context, self.server_hostname = context, server_hostname
            self.server_side, self.session, self.session_reused = False, None, False
            self._at_once, self._secured = at_once, None
            self._timeout, self._dialed, self._places = sock._timeout, sock._dialed, sock._places
            self._handle = sock.detach()
            if self._handle >= FIRST and at_once:
                try:
                    self.do_handshake()
                except BaseException:
                    self.close()
                    raise
            return self

        @property
        def _sslobj(self):
            # What libraries look at that know CPython's own.
            return self if self._secured else None

        def connect(self, address):
            super().connect(address)
            if self._at_once:
                self.do_handshake()

        def do_handshake(self, block=False):
            if self._secured:
                return
            host = name_of(self.server_hostname)
            carried = "\n".join([host, *self.context._protocols]).encode()
            status, answer = door(b"t", self._open(), carried=carried, patience=milliseconds(self._timeout), room=32 << 10)
            if status == LATE and self._timeout == 0:
                raise kinds["SSLWantReadError"](2, "the handshake goes on")
            if status < 0:
                raise failure(status, answer, self._timeout, host, self._dialed and self._dialed[1])
            version, cipher, protocol, certificate = bytes(answer).split(b"\n", 3)
            self._secured = version.decode(), cipher.decode(), protocol.decode() or None, certificate

        def read(self, length=1024, buffer=None):
            return self.recv(length) if buffer is None else self.recv_into(buffer, length)

        def write(self, data):
            return self.send(data)

        def version(self):
            return self._secured and self._secured[0]

        def cipher(self):
            return self._secured and (self._secured[1], self._secured[0], 256 if "256" in self._secured[1] else 128)

        def selected_alpn_protocol(self):
            return self._secured and self._secured[2]

        def selected_npn_protocol(self):
            return None

        def compression(self):
            return None

        def shared_ciphers(self):
            return None

        def pending(self):
            return 0

        def getpeercert(self, binary_form=False):
            if self._secured is None:
                raise ValueError("handshake not done yet")
            if not binary_form:
                raise unsupported("the host has checked the certificate, and only `getpeercert(binary_form=True)` shows it")
            return self._secured[3]

        def unwrap(self):
            raise unsupported("a connection stays encrypted")

    SSLContext.sslsocket_class = SSLSocket

    def create_default_context(purpose=Purpose.SERVER_AUTH, *, cafile=None, capath=None, cadata=None):
        if purpose is Purpose.CLIENT_AUTH:
            raise unsupported("nothing can be listened on")
        return SSLContext()

    def _create_unverified_context(*arguments, **named):
        context = SSLContext()
        context.check_hostname, context.verify_mode = False, VerifyMode.CERT_NONE
        return context

    def der_to_pem(der):
        import base64

        text = base64.b64encode(der).decode()
        lines = [text[at : at + 64] for at in range(0, len(text), 64)]
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])

    def pem_to_der(pem):
        import base64

        return base64.b64decode("".join(pem.strip().splitlines()[1:-1]))

    Paths = collections.namedtuple("DefaultVerifyPaths", "cafile capath openssl_cafile_env openssl_cafile openssl_capath_env openssl_capath")

    def random_bytes(count):
        import os

        return os.urandom(count)

    ssl.__dict__.update(kinds, CertificateError=SSLCertVerificationError, SSLContext=SSLContext, SSLSocket=SSLSocket, socket_error=OSError)
    ssl.__dict__.update(VerifyMode=VerifyMode, TLSVersion=TLSVersion, _SSLMethod=Method, Options=Options, VerifyFlags=VerifyFlags, Purpose=Purpose)
    for values in (VerifyMode, Method, Options, VerifyFlags):
        ssl.__dict__.update(values.__members__)
    ssl.__dict__.update(PROTOCOL_SSLv23=Method.PROTOCOL_TLS, PROTOCOL_TLSv1_2=Method.PROTOCOL_TLS, SSL_ERROR_WANT_READ=2, SSL_ERROR_WANT_WRITE=3, SSL_ERROR_EOF=8)
    ssl.__dict__.update(HAS_SNI=True, HAS_ALPN=True, HAS_NPN=False, HAS_ECDH=True, HAS_NEVER_CHECK_COMMON_NAME=True, HAS_SSLv2=False, HAS_SSLv3=False)
    ssl.__dict__.update(HAS_TLSv1=False, HAS_TLSv1_1=False, HAS_TLSv1_2=True, HAS_TLSv1_3=True, CHANNEL_BINDING_TYPES=[])
    # Libraries look for a version that is new enough.
    ssl.__dict__.update(OPENSSL_VERSION="OpenSSL 3.0.0 (rustls, of the host)", OPENSSL_VERSION_INFO=(3, 0, 0, 0, 0), OPENSSL_VERSION_NUMBER=0x30000000, _DEFAULT_CIPHERS="DEFAULT")
    ssl.__dict__.update(create_default_context=create_default_context, _create_default_https_context=create_default_context, _create_unverified_context=_create_unverified_context, _create_stdlib_context=create_default_context)
    ssl.__dict__.update(DER_cert_to_PEM_cert=der_to_pem, PEM_cert_to_DER_cert=pem_to_der, RAND_bytes=random_bytes, DefaultVerifyPaths=Paths)
    ssl.get_default_verify_paths = lambda: Paths(None, None, "SSL_CERT_FILE", "", "SSL_CERT_DIR", "")
    sys.modules["ssl"] = ssl


_network()
del _network
