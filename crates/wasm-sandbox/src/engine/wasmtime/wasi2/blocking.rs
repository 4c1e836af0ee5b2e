//! The functions that wait, as they are for guests in blocking mode: they wait on the thread, so that a guest needs no stack of
//! its own to be called on, which takes several times as long as a short call.

use wasmtime::{
    StoreContextMut,
    component::{Linker, Resource, ResourceType},
};

use super::{
    Refused,
    bindings::wasi::{
        filesystem::types::{self, Descriptor, ErrorCode, HostDescriptor},
        io::{
            poll::{self, HostPollable, Pollable},
            streams::{self, HostInputStream, HostOutputStream, InputStream, OutputStream, StreamError},
        },
        random::{insecure, random},
        sockets::{
            tcp::{HostTcpSocket, TcpSocket},
            udp::{HostUdpSocket, UdpSocket},
        },
    },
};
use crate::engine::{
    at_first_poll,
    wasmtime::{instance::at_once, store::StoreData},
};

/// Puts them in the place of those that give way.
pub(super) fn add(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    add_poll(linker)?;
    add_input(linker)?;
    add_output(linker)?;
    linker.instance("wasi:filesystem/types@0.2.12")?.func_wrap(
        "[method]descriptor.read",
        |mut store: Store<'_>, (file, len, offset): (Resource<Descriptor>, u64, u64)| {
            let data = store.data_mut();
            let read = done(HostDescriptor::read(data, file, len, offset));
            filed(data, read)
        },
    )?;
    linker.instance("wasi:random/random@0.2.12")?.func_wrap(
        "get-random-bytes",
        |mut store: Store<'_>, (len,): (u64,)| {
            at_once(random::Host::get_random_bytes(store.data_mut(), len)).map(|bytes| (bytes,))
        },
    )?;
    linker.instance("wasi:random/insecure@0.2.12")?.func_wrap(
        "get-insecure-random-bytes",
        |mut store: Store<'_>, (len,): (u64,)| {
            at_once(insecure::Host::get_insecure_random_bytes(store.data_mut(), len)).map(|bytes| (bytes,))
        },
    )?;
    linker.instance("wasi:sockets/tcp@0.2.12")?.resource(
        "tcp-socket",
        ResourceType::host::<TcpSocket>(),
        |mut store: Store<'_>, socket| at_once(HostTcpSocket::drop(store.data_mut(), Resource::new_own(socket))),
    )?;
    linker.instance("wasi:sockets/udp@0.2.12")?.resource(
        "udp-socket",
        ResourceType::host::<UdpSocket>(),
        |mut store: Store<'_>, socket| at_once(HostUdpSocket::drop(store.data_mut(), Resource::new_own(socket))),
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

type Store<'a> = StoreContextMut<'a, StoreData>;

fn add_poll(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("wasi:io/poll@0.2.12")?;
    interface.func_wrap("poll", |mut store: Store<'_>, (pollables,): (Vec<Resource<Pollable>>,)| {
        at_once(poll::Host::poll(store.data_mut(), pollables)).map(|ready| (ready,))
    })?;
    interface.func_wrap("[method]pollable.block", |mut store: Store<'_>, (pollable,): (Resource<Pollable>,)| {
        at_once(HostPollable::block(store.data_mut(), pollable))
    })
}

macro_rules! streams {
    ($interface:ident; $($name:literal = $trait:ident::$method:ident($($argument:ident: $type:ty),*);)*) => {$(
        $interface.func_wrap($name, |mut store: Store<'_>, ($($argument,)*): ($($type,)*)| {
            let data = store.data_mut();
            let outcome = done($trait::$method(data, $($argument),*));
            streamed(data, outcome)
        })?;
    )*};
}

fn add_input(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("wasi:io/streams@0.2.12")?;
    streams! {
        interface;
        "[method]input-stream.read" = HostInputStream::read(stream: Resource<InputStream>, len: u64);
        "[method]input-stream.blocking-read" = HostInputStream::blocking_read(stream: Resource<InputStream>, len: u64);
        "[method]input-stream.skip" = HostInputStream::skip(stream: Resource<InputStream>, len: u64);
        "[method]input-stream.blocking-skip" = HostInputStream::blocking_skip(stream: Resource<InputStream>, len: u64);
    }
    Ok(())
}

fn add_output(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("wasi:io/streams@0.2.12")?;
    streams! {
        interface;
        "[method]output-stream.write" = HostOutputStream::write(stream: Resource<OutputStream>, bytes: Vec<u8>);
        "[method]output-stream.blocking-write-and-flush" =
            HostOutputStream::blocking_write_and_flush(stream: Resource<OutputStream>, bytes: Vec<u8>);
        "[method]output-stream.write-zeroes" = HostOutputStream::write_zeroes(stream: Resource<OutputStream>, len: u64);
        "[method]output-stream.blocking-write-zeroes-and-flush" =
            HostOutputStream::blocking_write_zeroes_and_flush(stream: Resource<OutputStream>, len: u64);
        "[method]output-stream.splice" =
            HostOutputStream::splice(to: Resource<OutputStream>, from: Resource<InputStream>, len: u64);
        "[method]output-stream.blocking-splice" =
            HostOutputStream::blocking_splice(to: Resource<OutputStream>, from: Resource<InputStream>, len: u64);
    }
    Ok(())
}

/// The outcome of a future that never waits.
fn done<T>(future: impl Future<Output = Result<T, Refused>>) -> Result<T, Refused> {
    let waits = || Err(Refused::Ends(wasmtime::Error::msg("a function in blocking mode waits")));
    at_first_poll(|| future).unwrap_or_else(waits)
}

fn streamed<T>(data: &mut StoreData, outcome: Result<T, Refused>) -> wasmtime::Result<(Result<T, StreamError>,)> {
    match outcome {
        Ok(value) => Ok((Ok(value),)),
        Err(refused) => Ok((Err(streams::Host::convert_stream_error(data, refused)?),)),
    }
}

fn filed<T>(data: &mut StoreData, outcome: Result<T, Refused>) -> wasmtime::Result<(Result<T, ErrorCode>,)> {
    match outcome {
        Ok(value) => Ok((Ok(value),)),
        Err(refused) => Ok((Err(types::Host::convert_error_code(data, refused)?),)),
    }
}
