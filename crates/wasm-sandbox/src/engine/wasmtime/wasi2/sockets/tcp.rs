//! `wasi:sockets/tcp`: clients only.

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
    Kind, Socketed, address, remote_address, socket_address,
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

    fn set_listen_backlog_size(&mut self, socket: Resource<TcpSocket>, value: u64) -> Socketed<()> {
        Ok(self.call()?.set_tcp_backlog(socket.rep(), value)?)
    }

    fn keep_alive_enabled(&mut self, socket: Resource<TcpSocket>) -> Socketed<bool> {
        self.option(Kind::Tcp(socket.rep()), |options| options.keep_alive)
    }

    fn set_keep_alive_enabled(&mut self, socket: Resource<TcpSocket>, value: bool) -> Socketed<()> {
        self.set_option(Kind::Tcp(socket.rep()), true, |options| options.keep_alive = Some(value))
    }

    fn keep_alive_idle_time(&mut self, socket: Resource<TcpSocket>) -> Socketed<u64> {
        self.option(Kind::Tcp(socket.rep()), |options| options.keep_alive_idle)
    }

    fn set_keep_alive_idle_time(&mut self, socket: Resource<TcpSocket>, value: u64) -> Socketed<()> {
        self.set_option(Kind::Tcp(socket.rep()), value > 0, |options| options.keep_alive_idle = Some(value))
    }

    fn keep_alive_interval(&mut self, socket: Resource<TcpSocket>) -> Socketed<u64> {
        self.option(Kind::Tcp(socket.rep()), |options| options.keep_alive_interval)
    }

    fn set_keep_alive_interval(&mut self, socket: Resource<TcpSocket>, value: u64) -> Socketed<()> {
        self.set_option(Kind::Tcp(socket.rep()), value > 0, |options| options.keep_alive_interval = Some(value))
    }

    fn keep_alive_count(&mut self, socket: Resource<TcpSocket>) -> Socketed<u32> {
        self.option(Kind::Tcp(socket.rep()), |options| options.keep_alive_count)
    }

    fn set_keep_alive_count(&mut self, socket: Resource<TcpSocket>, value: u32) -> Socketed<()> {
        self.set_option(Kind::Tcp(socket.rep()), value > 0, |options| options.keep_alive_count = Some(value))
    }

    fn hop_limit(&mut self, socket: Resource<TcpSocket>) -> Socketed<u8> {
        self.option(Kind::Tcp(socket.rep()), |options| options.hop_limit)
    }

    fn set_hop_limit(&mut self, socket: Resource<TcpSocket>, value: u8) -> Socketed<()> {
        self.set_option(Kind::Tcp(socket.rep()), value > 0, |options| options.hop_limit = Some(value))
    }

    fn receive_buffer_size(&mut self, socket: Resource<TcpSocket>) -> Socketed<u64> {
        self.option(Kind::Tcp(socket.rep()), |options| options.receive_buffer)
    }

    fn set_receive_buffer_size(&mut self, socket: Resource<TcpSocket>, value: u64) -> Socketed<()> {
        self.set_option(Kind::Tcp(socket.rep()), value > 0, |options| options.receive_buffer = Some(value))
    }

    fn send_buffer_size(&mut self, socket: Resource<TcpSocket>) -> Socketed<u64> {
        self.option(Kind::Tcp(socket.rep()), |options| options.send_buffer)
    }

    fn set_send_buffer_size(&mut self, socket: Resource<TcpSocket>, value: u64) -> Socketed<()> {
        self.set_option(Kind::Tcp(socket.rep()), value > 0, |options| options.send_buffer = Some(value))
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
