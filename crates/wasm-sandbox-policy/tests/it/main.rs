//! What the policy crate promises: defaults, mistakes, codes, texts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod documents;
mod manifest;
mod narrow;
mod network;
mod policies;
mod read;
mod texts;
mod validate;
