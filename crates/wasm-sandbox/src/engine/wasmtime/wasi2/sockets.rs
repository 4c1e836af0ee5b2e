//! `wasi:sockets`: a program that has it built in links, and everything that it asks of the network is refused.

use wasmtime::component::Resource;

use super::{
    Refused,
    bindings::wasi::{
        io::{
            error::Error,
            poll::Pollable,
            streams::{InputStream, OutputStream},
        },
        sockets::{
            instance_network,
            ip_name_lookup::{self, ResolveAddressStream},
            network::{self, ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Network},
            tcp::{self, ShutdownType, TcpSocket},
            tcp_create_socket,
            udp::{
                self, IncomingDatagram, IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket,
            },
            udp_create_socket,
        },
    },
};
use crate::{
    engine::wasmtime::{store::StoreData, trap::Stopped},
    host::Stop,
    vfs::Errno,
};

/// What a function of a socket gives.
type Socketed<T> = Result<T, Refused>;

/// The number of the one network there is.
const NETWORK: u32 = 0;

impl network::Host for StoreData {
    fn convert_error_code(&mut self, refused: Refused) -> wasmtime::Result<ErrorCode> {
        match refused {
            Refused::Errno(Errno::Acces) => Ok(ErrorCode::AccessDenied),
            refused => Err(refused.into()),
        }
    }

    fn network_error_code(&mut self, _: Resource<Error>) -> wasmtime::Result<Option<ErrorCode>> {
        self.call()?;
        Ok(None)
    }
}

impl network::HostNetwork for StoreData {
    fn drop(&mut self, _: Resource<Network>) -> wasmtime::Result<()> {
        self.call()?;
        Ok(())
    }
}

impl instance_network::Host for StoreData {
    fn instance_network(&mut self) -> wasmtime::Result<Resource<Network>> {
        self.call()?;
        Ok(Resource::new_own(NETWORK))
    }
}

impl StoreData {
    fn refuse<T>(&mut self, operation: &str, target: &str) -> Socketed<T> {
        self.call()?.refuse_network(operation, target);
        Err(Errno::Acces.into())
    }
}

impl ip_name_lookup::Host for StoreData {
    fn resolve_addresses(&mut self, _: Resource<Network>, name: String) -> Socketed<Resource<ResolveAddressStream>> {
        self.refuse("resolve name", &name)
    }
}

impl tcp_create_socket::Host for StoreData {
    fn create_tcp_socket(&mut self, _: IpAddressFamily) -> Socketed<Resource<TcpSocket>> {
        self.refuse("create socket", "tcp")
    }
}

impl udp_create_socket::Host for StoreData {
    fn create_udp_socket(&mut self, _: IpAddressFamily) -> Socketed<Resource<UdpSocket>> {
        self.refuse("create socket", "udp")
    }
}

/// No resource of these kinds is ever made, so no guest has a handle that these could be called with.
macro_rules! never {
    ($($name:ident($resource:ty $(, $parameter:ty)*) -> $result:ty;)*) => {
        $(fn $name(&mut self, _: Resource<$resource> $(, _: $parameter)*) -> $result {
            Err(Stopped(Stop::Trap("a socket that was never made".to_owned())))?
        })*
    };
}

impl ip_name_lookup::HostResolveAddressStream for StoreData {
    never! {
        resolve_next_address(ResolveAddressStream) -> Socketed<Option<IpAddress>>;
        subscribe(ResolveAddressStream) -> wasmtime::Result<Resource<Pollable>>;
        drop(ResolveAddressStream) -> wasmtime::Result<()>;
    }
}

impl tcp::Host for StoreData {}

impl tcp::HostTcpSocket for StoreData {
    never! {
        start_bind(TcpSocket, Resource<Network>, IpSocketAddress) -> Socketed<()>;
        finish_bind(TcpSocket) -> Socketed<()>;
        start_connect(TcpSocket, Resource<Network>, IpSocketAddress) -> Socketed<()>;
        finish_connect(TcpSocket) -> Socketed<(Resource<InputStream>, Resource<OutputStream>)>;
        start_listen(TcpSocket) -> Socketed<()>;
        finish_listen(TcpSocket) -> Socketed<()>;
        accept(TcpSocket) -> Socketed<(Resource<TcpSocket>, Resource<InputStream>, Resource<OutputStream>)>;
        local_address(TcpSocket) -> Socketed<IpSocketAddress>;
        remote_address(TcpSocket) -> Socketed<IpSocketAddress>;
        is_listening(TcpSocket) -> wasmtime::Result<bool>;
        address_family(TcpSocket) -> wasmtime::Result<IpAddressFamily>;
        set_listen_backlog_size(TcpSocket, u64) -> Socketed<()>;
        keep_alive_enabled(TcpSocket) -> Socketed<bool>;
        set_keep_alive_enabled(TcpSocket, bool) -> Socketed<()>;
        keep_alive_idle_time(TcpSocket) -> Socketed<u64>;
        set_keep_alive_idle_time(TcpSocket, u64) -> Socketed<()>;
        keep_alive_interval(TcpSocket) -> Socketed<u64>;
        set_keep_alive_interval(TcpSocket, u64) -> Socketed<()>;
        keep_alive_count(TcpSocket) -> Socketed<u32>;
        set_keep_alive_count(TcpSocket, u32) -> Socketed<()>;
        hop_limit(TcpSocket) -> Socketed<u8>;
        set_hop_limit(TcpSocket, u8) -> Socketed<()>;
        receive_buffer_size(TcpSocket) -> Socketed<u64>;
        set_receive_buffer_size(TcpSocket, u64) -> Socketed<()>;
        send_buffer_size(TcpSocket) -> Socketed<u64>;
        set_send_buffer_size(TcpSocket, u64) -> Socketed<()>;
        subscribe(TcpSocket) -> wasmtime::Result<Resource<Pollable>>;
        shutdown(TcpSocket, ShutdownType) -> Socketed<()>;
        drop(TcpSocket) -> wasmtime::Result<()>;
    }
}

impl udp::Host for StoreData {}

impl udp::HostUdpSocket for StoreData {
    never! {
        start_bind(UdpSocket, Resource<Network>, IpSocketAddress) -> Socketed<()>;
        finish_bind(UdpSocket) -> Socketed<()>;
        stream(UdpSocket, Option<IpSocketAddress>)
            -> Socketed<(Resource<IncomingDatagramStream>, Resource<OutgoingDatagramStream>)>;
        local_address(UdpSocket) -> Socketed<IpSocketAddress>;
        remote_address(UdpSocket) -> Socketed<IpSocketAddress>;
        address_family(UdpSocket) -> wasmtime::Result<IpAddressFamily>;
        unicast_hop_limit(UdpSocket) -> Socketed<u8>;
        set_unicast_hop_limit(UdpSocket, u8) -> Socketed<()>;
        receive_buffer_size(UdpSocket) -> Socketed<u64>;
        set_receive_buffer_size(UdpSocket, u64) -> Socketed<()>;
        send_buffer_size(UdpSocket) -> Socketed<u64>;
        set_send_buffer_size(UdpSocket, u64) -> Socketed<()>;
        subscribe(UdpSocket) -> wasmtime::Result<Resource<Pollable>>;
        drop(UdpSocket) -> wasmtime::Result<()>;
    }
}

impl udp::HostIncomingDatagramStream for StoreData {
    never! {
        receive(IncomingDatagramStream, u64) -> Socketed<Vec<IncomingDatagram>>;
        subscribe(IncomingDatagramStream) -> wasmtime::Result<Resource<Pollable>>;
        drop(IncomingDatagramStream) -> wasmtime::Result<()>;
    }
}

impl udp::HostOutgoingDatagramStream for StoreData {
    never! {
        check_send(OutgoingDatagramStream) -> Socketed<u64>;
        send(OutgoingDatagramStream, Vec<OutgoingDatagram>) -> Socketed<u64>;
        subscribe(OutgoingDatagramStream) -> wasmtime::Result<Resource<Pollable>>;
        drop(OutgoingDatagramStream) -> wasmtime::Result<()>;
    }
}
