//! Walls of the operating system around work that must not touch the host: compilers.

pub(crate) mod fork;
