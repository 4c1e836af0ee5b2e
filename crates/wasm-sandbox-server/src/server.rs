//! The loop that takes connections, and its end.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_io_timeout::TimeoutStream;
use wasm_sandbox::HttpHandler;

use crate::{access::AccessEntry, config::ServerConfig, guests::Guests};

/// Bytes of a request's head: longer ones are answered with 431.
pub(crate) const MAX_HEAD: usize = 64 << 10;

/// Fields of a request that are read: more are answered with 431.
const MAX_FIELDS: usize = 100;

/// How long nothing is accepted after a failure: too few descriptors, mostly.
const PAUSE: Duration = Duration::from_millis(50);

/// How long the accounts of guests are waited for that are cut off.
const LAST_ACCOUNTS: Duration = Duration::from_secs(5);

/// A server of HTTP/1.1 on one address, with guests that answer.
pub struct HttpServer {
    listener: TcpListener,
    guests: Arc<Guests>,
    config: ServerConfig,
}

impl HttpServer {
    /// Listens, and answers nobody yet. Each exchange is told to `sink` when it is over.
    ///
    /// # Errors
    /// The address cannot be had.
    pub async fn bind(
        handler: HttpHandler,
        config: ServerConfig,
        sink: impl Fn(AccessEntry) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let guests = Arc::new(Guests::new(handler, config.clone(), Arc::new(sink)));
        Ok(Self { listener, guests, config })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `end`. Then nobody is let in any more, and exchanges that are under way, and guests that go on after
    /// their answers, have `drain_time` to come to their end; whether all have.
    pub async fn run(self, end: impl Future<Output = ()>) -> bool {
        let places = Arc::new(Semaphore::new(self.config.connections));
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut end = pin!(end);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut end => break,
                accepted = self.accept(&places) => accepted,
            };
            match accepted {
                Ok((stream, client, place)) => {
                    // Those that are over are forgotten.
                    while connections.try_join_next().is_some() {}
                    connections.spawn(self.serve(stream, client, place, &graceful));
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
        drop(self.listener);
        let over = async {
            graceful.shutdown().await;
            // What guests do after their answers, and their accounts.
            self.guests.idle().await;
        };
        let all = tokio::time::timeout(self.config.drain_time, over).await.is_ok();
        // Whoever is cut off takes the guest along.
        self.guests.cut_off();
        connections.shutdown().await;
        // Those that notice have an account all the same.
        let _ = tokio::time::timeout(LAST_ACCOUNTS, self.guests.idle()).await;
        all
    }

    async fn accept(&self, places: &Arc<Semaphore>) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, client) = self.listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, client, place))
    }

    /// A connection's whole life.
    fn serve(
        &self,
        stream: TcpStream,
        client: SocketAddr,
        place: OwnedSemaphorePermit,
        graceful: &GracefulShutdown,
    ) -> impl Future<Output = ()> + Send + use<> {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.config.stall_time));
        let guests = Arc::clone(&self.guests);
        let service = service_fn(move |request| {
            let guests = Arc::clone(&guests);
            async move { Ok::<_, Infallible>(guests.answer(request, client).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.config.head_time)
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_FIELDS)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        let connection = graceful.watch(connection);
        async move {
            // How exchanges ended is in their records, and of a client that has gone there is nothing to say.
            let _ = connection.await;
            drop(place);
        }
    }
}
