//! Names and their addresses.

use wasmtime::component::Resource;

use super::{
    super::bindings::wasi::{
        io::poll::Pollable,
        sockets::{
            ip_name_lookup::{Host, HostResolveAddressStream, ResolveAddressStream},
            network::{IpAddress, Network},
        },
    },
    Socketed, ip,
};
use crate::engine::wasmtime::{store::StoreData, trap::Stopped};

impl Host for StoreData {
    fn resolve_addresses(&mut self, _: Resource<Network>, name: String) -> Socketed<Resource<ResolveAddressStream>> {
        Ok(Resource::new_own(self.call()?.resolve_name(&name)?))
    }
}

impl HostResolveAddressStream for StoreData {
    fn resolve_next_address(&mut self, stream: Resource<ResolveAddressStream>) -> Socketed<Option<IpAddress>> {
        Ok(self.call()?.next_address(stream.rep())?.map(ip))
    }

    fn subscribe(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<Resource<Pollable>> {
        Ok(Resource::new_own(self.call()?.socket_pollable(stream.rep()).map_err(Stopped)?))
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        Ok(self.call()?.drop_handle(stream.rep()).map_err(Stopped)?)
    }
}
