//! Serves HTTP over the library of wasm-sandbox: each request is answered by a guest in an instance of its own.
//!
//! This crate only translates: what a guest may do and use is in the policy that its [`HttpHandler`] was made with. What is here
//! bounds the outside: connections, heads, bodies, exchanges at a time, and clients that are slow.

mod access;
mod config;
mod guests;
mod server;

pub use self::{access::AccessEntry, config::ServerConfig, server::HttpServer};
#[doc(no_inline)]
pub use wasm_sandbox::HttpHandler;
