//! `wasi:sockets/tcp`: clients only. A connection is the host's, and so are its settings: what a guest asks for is heard where
//! the interface says that it may be rounded, and not supported otherwise.

use wasmtime::component::Resource;

use super::{
    super::bindings::wasi::{
        io::{
            poll::Pollable,
            streams::{InputStream, OutputStream},
        },
        sockets::{
            network::{IpAddressFamily, IpSocketAddress, Network},
            tcp::{Host, HostTcpSocket, ShutdownType, TcpSocket},
            tcp_create_socket,
        },
    },
    Socketed, address, remote_address, socket_address,
};
use crate::{
    engine::wasmtime::{store::StoreData, trap::Stopped},
    vfs::Errno,
};

impl Host for StoreData {}

impl tcp_create_socket::Host for StoreData {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> Socketed<Resource<TcpSocket>> {
        Ok(Resource::new_own(self.call()?.create_tcp(family == IpAddressFamily::Ipv6)?))
    }
}

impl StoreData {
    fn refuse_listening<T>(&mut self, operation: &str, target: &str) -> Socketed<T> {
        self.call()?.refuse_listening(operation, target);
        Err(Errno::Acces.into())
    }
}

impl HostTcpSocket for StoreData {
    fn start_bind(&mut self, _: Resource<TcpSocket>, _: Resource<Network>, local: IpSocketAddress) -> Socketed<()> {
        self.refuse_listening("bind", &socket_address(local).to_string())
    }

    fn finish_bind(&mut self, _: Resource<TcpSocket>) -> Socketed<()> {
        self.call()?;
        Err(Errno::Proto.into())
    }

    fn start_connect(
        &mut self,
        socket: Resource<TcpSocket>,
        _: Resource<Network>,
        remote: IpSocketAddress,
    ) -> Socketed<()> {
        Ok(self.call()?.tcp_connect(socket.rep(), remote_address(remote)?)?)
    }

    fn finish_connect(
        &mut self,
        socket: Resource<TcpSocket>,
    ) -> Socketed<(Resource<InputStream>, Resource<OutputStream>)> {
        let (input, output) = self.call()?.tcp_connected(socket.rep())?;
        Ok((Resource::new_own(input), Resource::new_own(output)))
    }

    fn start_listen(&mut self, _: Resource<TcpSocket>) -> Socketed<()> {
        self.refuse_listening("listen", "tcp")
    }

    fn finish_listen(&mut self, _: Resource<TcpSocket>) -> Socketed<()> {
        self.call()?;
        Err(Errno::Proto.into())
    }

    fn accept(
        &mut self,
        _: Resource<TcpSocket>,
    ) -> Socketed<(Resource<TcpSocket>, Resource<InputStream>, Resource<OutputStream>)> {
        self.call()?;
        Err(Errno::Notconn.into())
    }

    fn local_address(&mut self, socket: Resource<TcpSocket>) -> Socketed<IpSocketAddress> {
        Ok(address(self.call()?.tcp_opened(socket.rep())?.local))
    }

    fn remote_address(&mut self, socket: Resource<TcpSocket>) -> Socketed<IpSocketAddress> {
        Ok(address(self.call()?.tcp_opened(socket.rep())?.peer))
    }

    fn is_listening(&mut self, _: Resource<TcpSocket>) -> wasmtime::Result<bool> {
        self.call()?;
        Ok(false)
    }

    fn address_family(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<IpAddressFamily> {
        let is_v6 = self.call()?.tcp_is_v6(socket.rep()).map_err(Stopped)?;
        Ok(if is_v6 { IpAddressFamily::Ipv6 } else { IpAddressFamily::Ipv4 })
    }

    fn set_listen_backlog_size(&mut self, _: Resource<TcpSocket>, _: u64) -> Socketed<()> {
        self.unsupported()
    }

    fn keep_alive_enabled(&mut self, _: Resource<TcpSocket>) -> Socketed<bool> {
        self.call()?;
        Ok(false)
    }

    fn set_keep_alive_enabled(&mut self, _: Resource<TcpSocket>, value: bool) -> Socketed<()> {
        if value {
            return self.unsupported();
        }
        self.call()?;
        Ok(())
    }

    fn keep_alive_idle_time(&mut self, _: Resource<TcpSocket>) -> Socketed<u64> {
        self.unsupported()
    }

    fn set_keep_alive_idle_time(&mut self, _: Resource<TcpSocket>, _: u64) -> Socketed<()> {
        self.unsupported()
    }

    fn keep_alive_interval(&mut self, _: Resource<TcpSocket>) -> Socketed<u64> {
        self.unsupported()
    }

    fn set_keep_alive_interval(&mut self, _: Resource<TcpSocket>, _: u64) -> Socketed<()> {
        self.unsupported()
    }

    fn keep_alive_count(&mut self, _: Resource<TcpSocket>) -> Socketed<u32> {
        self.unsupported()
    }

    fn set_keep_alive_count(&mut self, _: Resource<TcpSocket>, _: u32) -> Socketed<()> {
        self.unsupported()
    }

    fn hop_limit(&mut self, _: Resource<TcpSocket>) -> Socketed<u8> {
        self.unsupported()
    }

    fn set_hop_limit(&mut self, _: Resource<TcpSocket>, _: u8) -> Socketed<()> {
        self.unsupported()
    }

    fn receive_buffer_size(&mut self, _: Resource<TcpSocket>) -> Socketed<u64> {
        self.buffer()
    }

    fn set_receive_buffer_size(&mut self, _: Resource<TcpSocket>, value: u64) -> Socketed<()> {
        self.size(value)
    }

    fn send_buffer_size(&mut self, _: Resource<TcpSocket>) -> Socketed<u64> {
        self.buffer()
    }

    fn set_send_buffer_size(&mut self, _: Resource<TcpSocket>, value: u64) -> Socketed<()> {
        self.size(value)
    }

    fn subscribe(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<Resource<Pollable>> {
        Ok(Resource::new_own(self.call()?.socket_pollable(socket.rep()).map_err(Stopped)?))
    }

    fn shutdown(&mut self, socket: Resource<TcpSocket>, what: ShutdownType) -> Socketed<()> {
        let (receiving, sending) = (what != ShutdownType::Send, what != ShutdownType::Receive);
        Ok(self.call()?.tcp_shut(socket.rep(), receiving, sending)?)
    }

    async fn drop(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<()> {
        Ok(self.settle(|host| host.drop_tcp(socket.rep())).await?)
    }
}
