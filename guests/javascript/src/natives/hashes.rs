//! Digests of bytes, and what is made of them.

use rquickjs::{ArrayBuffer, Ctx, Function, Object, Result, TypedArray};
use sha2::Digest;

use super::bytes;

pub(super) fn add<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    natives.set("digest", Function::new(ctx.clone(), digest)?)?;
    natives.set("hmac", Function::new(ctx.clone(), keyed)?)?;
    natives.set("deriveKey", Function::new(ctx.clone(), derive)?)
}

/// The ways of hashing, by the names that `crypto` has for them, and the one call that each of them is asked for.
macro_rules! with {
    ($name:expr, $hash:ident => $call:expr) => {
        match $name {
            "md5" => {
                type $hash = md5::Md5;
                Some($call)
            }
            "sha1" => {
                type $hash = sha1::Sha1;
                Some($call)
            }
            "sha224" => {
                type $hash = sha2::Sha224;
                Some($call)
            }
            "sha256" => {
                type $hash = sha2::Sha256;
                Some($call)
            }
            "sha384" => {
                type $hash = sha2::Sha384;
                Some($call)
            }
            "sha512" => {
                type $hash = sha2::Sha512;
                Some($call)
            }
            _ => None,
        }
    };
}

/// The digest of bytes; nothing, where this way of hashing is not known.
fn digest<'js>(ctx: Ctx<'js>, name: String, data: TypedArray<'js, u8>) -> Result<Option<ArrayBuffer<'js>>> {
    let made = with!(name.as_str(), Hash => Hash::digest(bytes(&data)).to_vec());
    made.map(|made| ArrayBuffer::new(ctx, made)).transpose()
}

/// The same with a key (RFC 2104).
fn keyed<'js>(
    ctx: Ctx<'js>,
    name: String,
    key: TypedArray<'js, u8>,
    data: TypedArray<'js, u8>,
) -> Result<Option<ArrayBuffer<'js>>> {
    let made = with!(name.as_str(), Hash => hmac::<Hash>(bytes(&key), &[bytes(&data)]));
    made.map(|made| ArrayBuffer::new(ctx, made)).transpose()
}

/// A key from a password (PBKDF2 of RFC 8018).
fn derive<'js>(
    ctx: Ctx<'js>,
    name: String,
    password: TypedArray<'js, u8>,
    salt: TypedArray<'js, u8>,
    rounds: u32,
    len: usize,
) -> Result<Option<ArrayBuffer<'js>>> {
    let made = with!(name.as_str(), Hash => key::<Hash>(bytes(&password), bytes(&salt), rounds, len));
    made.map(|made| ArrayBuffer::new(ctx, made)).transpose()
}

/// Bytes that a hash takes at a time.
fn block<H: Digest>() -> usize {
    if <H as Digest>::output_size() > 32 { 128 } else { 64 }
}

fn hmac<H: Digest>(key: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
    let mut padded = if key.len() > block::<H>() { H::digest(key).to_vec() } else { key.to_vec() };
    padded.resize(block::<H>(), 0);
    let with = |mask: u8| padded.iter().map(|byte| byte ^ mask).collect::<Vec<_>>();
    let inner = pieces.iter().fold(H::new_with_prefix(with(0x36)), |hash, piece| hash.chain_update(piece));
    H::new_with_prefix(with(0x5c)).chain_update(inner.finalize()).finalize().to_vec()
}

fn key<H: Digest>(password: &[u8], salt: &[u8], rounds: u32, len: usize) -> Vec<u8> {
    let mut key = Vec::new();
    for number in 1_u32.. {
        if key.len() >= len {
            break;
        }
        let mut last = hmac::<H>(password, &[salt, &number.to_be_bytes()]);
        let mut mixed = last.clone();
        for _ in 1..rounds {
            last = hmac::<H>(password, &[&last]);
            mixed.iter_mut().zip(&last).for_each(|(mixed, byte)| *mixed ^= byte);
        }
        key.extend_from_slice(&mixed);
    }
    key.truncate(len);
    key
}
