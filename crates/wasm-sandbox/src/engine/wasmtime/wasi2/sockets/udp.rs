//! `wasi:sockets/udp`.

use wasmtime::component::Resource;

use super::{
    super::bindings::wasi::{
        io::poll::Pollable,
        sockets::{
            network::{IpAddressFamily, IpSocketAddress, Network},
            udp::{
                Host, HostIncomingDatagramStream, HostOutgoingDatagramStream, HostUdpSocket, IncomingDatagram,
                IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket,
            },
            udp_create_socket,
        },
    },
    Kind, Socketed, address, remote_address, socket_address,
};
use crate::{
    engine::wasmtime::{store::StoreData, trap::Stopped},
    host::wasi2::sockets::Outgoing,
};

impl Host for StoreData {}

impl udp_create_socket::Host for StoreData {
    fn create_udp_socket(&mut self, family: IpAddressFamily) -> Socketed<Resource<UdpSocket>> {
        Ok(Resource::new_own(self.call()?.create_udp(family == IpAddressFamily::Ipv6)?))
    }
}

impl HostUdpSocket for StoreData {
    fn start_bind(
        &mut self,
        socket: Resource<UdpSocket>,
        _: Resource<Network>,
        local: IpSocketAddress,
    ) -> Socketed<()> {
        Ok(self.call()?.udp_bind(socket.rep(), socket_address(local))?)
    }

    fn finish_bind(&mut self, socket: Resource<UdpSocket>) -> Socketed<()> {
        Ok(self.call()?.udp_finish_bind(socket.rep())?)
    }

    fn stream(
        &mut self,
        socket: Resource<UdpSocket>,
        remote: Option<IpSocketAddress>,
    ) -> Socketed<(Resource<IncomingDatagramStream>, Resource<OutgoingDatagramStream>)> {
        let host = self.call()?;
        let remote = remote.map(remote_address).transpose()?;
        let (incoming, outgoing) = host.udp_streams(socket.rep(), remote)?;
        Ok((Resource::new_own(incoming), Resource::new_own(outgoing)))
    }

    fn local_address(&mut self, socket: Resource<UdpSocket>) -> Socketed<IpSocketAddress> {
        Ok(address(self.call()?.udp_local(socket.rep())?))
    }

    fn remote_address(&mut self, socket: Resource<UdpSocket>) -> Socketed<IpSocketAddress> {
        Ok(address(self.call()?.udp_remote(socket.rep())?))
    }

    fn address_family(&mut self, socket: Resource<UdpSocket>) -> wasmtime::Result<IpAddressFamily> {
        let is_v6 = self.call()?.udp_is_v6(socket.rep()).map_err(Stopped)?;
        Ok(if is_v6 { IpAddressFamily::Ipv6 } else { IpAddressFamily::Ipv4 })
    }

    fn unicast_hop_limit(&mut self, socket: Resource<UdpSocket>) -> Socketed<u8> {
        self.option(Kind::Udp(socket.rep()), |options| options.hop_limit)
    }

    fn set_unicast_hop_limit(&mut self, socket: Resource<UdpSocket>, value: u8) -> Socketed<()> {
        self.set_option(Kind::Udp(socket.rep()), value > 0, |options| options.hop_limit = Some(value))
    }

    fn receive_buffer_size(&mut self, socket: Resource<UdpSocket>) -> Socketed<u64> {
        self.option(Kind::Udp(socket.rep()), |options| options.receive_buffer)
    }

    fn set_receive_buffer_size(&mut self, socket: Resource<UdpSocket>, value: u64) -> Socketed<()> {
        self.set_option(Kind::Udp(socket.rep()), value > 0, |options| options.receive_buffer = Some(value))
    }

    fn send_buffer_size(&mut self, socket: Resource<UdpSocket>) -> Socketed<u64> {
        self.option(Kind::Udp(socket.rep()), |options| options.send_buffer)
    }

    fn set_send_buffer_size(&mut self, socket: Resource<UdpSocket>, value: u64) -> Socketed<()> {
        self.set_option(Kind::Udp(socket.rep()), value > 0, |options| options.send_buffer = Some(value))
    }

    fn subscribe(&mut self, socket: Resource<UdpSocket>) -> wasmtime::Result<Resource<Pollable>> {
        Ok(Resource::new_own(self.call()?.socket_pollable(socket.rep()).map_err(Stopped)?))
    }

    async fn drop(&mut self, socket: Resource<UdpSocket>) -> wasmtime::Result<()> {
        Ok(self.settle(|host| host.drop_udp(socket.rep())).await?)
    }
}

impl HostIncomingDatagramStream for StoreData {
    fn receive(&mut self, stream: Resource<IncomingDatagramStream>, most: u64) -> Socketed<Vec<IncomingDatagram>> {
        let datagrams = self.call()?.udp_receive(stream.rep(), most)?;
        let given = |(from, data)| IncomingDatagram { data, remote_address: address(from) };
        Ok(datagrams.into_iter().map(given).collect())
    }

    fn subscribe(&mut self, stream: Resource<IncomingDatagramStream>) -> wasmtime::Result<Resource<Pollable>> {
        Ok(Resource::new_own(self.call()?.socket_pollable(stream.rep()).map_err(Stopped)?))
    }

    fn drop(&mut self, stream: Resource<IncomingDatagramStream>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(stream.rep()).map_err(Stopped)?)
    }
}

impl HostOutgoingDatagramStream for StoreData {
    fn check_send(&mut self, stream: Resource<OutgoingDatagramStream>) -> Socketed<u64> {
        Ok(self.call()?.udp_permits(stream.rep())?)
    }

    fn send(&mut self, stream: Resource<OutgoingDatagramStream>, datagrams: Vec<OutgoingDatagram>) -> Socketed<u64> {
        let host = self.call()?;
        let outgoing = datagrams.into_iter().map(|OutgoingDatagram { data, remote_address: to }| {
            Ok(Outgoing { bytes: data, to: to.map(remote_address).transpose()? })
        });
        let outgoing = outgoing.collect::<Socketed<Vec<_>>>()?;
        Ok(host.udp_send(stream.rep(), &outgoing)?)
    }

    fn subscribe(&mut self, stream: Resource<OutgoingDatagramStream>) -> wasmtime::Result<Resource<Pollable>> {
        Ok(Resource::new_own(self.call()?.socket_pollable(stream.rep()).map_err(Stopped)?))
    }

    fn drop(&mut self, stream: Resource<OutgoingDatagramStream>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(stream.rep()).map_err(Stopped)?)
    }
}
