//! Header fields as guests build and read them.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::host::{Stop, wasi2::Lent};

/// What a field takes on the host beside its text, at most.
const OVERHEAD: usize = 256;

/// Fields that a message has at most, and their bytes: what servers and clients take.
const MAX_ENTRIES: usize = 1000;
pub(super) const MAX_BYTES: usize = 64 << 10;

/// Fields that speak of the connection, which is the host's, or of the host that is spoken to.
const FORBIDDEN: [&str; 10] = [
    "connection",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Why fields stay as they are.
#[derive(Debug)]
pub(crate) enum FieldFault {
    Syntax,
    Forbidden,
    Immutable,
    Stop(Stop),
}

/// Fields, and what of the guest's memory they take as long as anyone holds them.
#[derive(Default)]
pub(crate) struct Map {
    map: HeaderMap,
    lent: Option<Lent>,
}

impl Map {
    pub(crate) fn of(map: HeaderMap) -> Arc<Self> {
        Arc::new(Self { map, lent: None })
    }

    /// Of an answer that was received, without those that speak of the connection; none if one cannot be a field.
    pub(super) fn received(fields: Vec<(String, Vec<u8>)>, mut lent: Lent) -> Result<Option<Arc<Self>>, Stop> {
        let mut map = HeaderMap::new();
        for (name, value) in fields.into_iter().filter(|(name, _)| !is_forbidden(name)) {
            let named = HeaderName::from_bytes(name.as_bytes()).ok();
            let Some((name, value)) = named.zip(HeaderValue::from_maybe_shared(Bytes::from(value)).ok()) else {
                return Ok(None);
            };
            lent.grow(size((&name, &value)))?;
            if map.try_append(name, value).is_err() {
                return Ok(None);
            }
        }
        Ok(Some(Arc::new(Self { map, lent: Some(lent) })))
    }

    /// That came from outside, and takes of the guest's memory what it is large.
    pub(super) fn charged(map: HeaderMap, mut lent: Lent) -> Result<Arc<Self>, Stop> {
        lent.grow(map.iter().map(size).sum())?;
        Ok(Arc::new(Self { map, lent: Some(lent) }))
    }

    pub(crate) fn map(&self) -> &HeaderMap {
        &self.map
    }

    /// For a message that leaves the guest.
    pub(super) fn into_map(self: Arc<Self>) -> HeaderMap {
        match Arc::try_unwrap(self) {
            Ok(map) => map.map,
            Err(map) => map.map.clone(),
        }
    }
}

/// Fields that a guest holds: its own to change, or those of a message.
pub(crate) struct Fields {
    all: Arc<Map>,
    is_fixed: bool,
}

impl Fields {
    /// That the guest may change.
    pub(crate) fn new(lent: Lent) -> Self {
        Self { all: Arc::new(Map { map: HeaderMap::new(), lent: Some(lent) }), is_fixed: false }
    }

    /// That belong to a message.
    pub(crate) fn fixed(all: Arc<Map>) -> Self {
        Self { all, is_fixed: true }
    }

    /// A copy that can be changed.
    pub(crate) fn copy(&self, mut lent: Lent) -> Result<Self, Stop> {
        lent.grow(self.map().iter().map(size).sum())?;
        Ok(Self { all: Arc::new(Map { map: self.map().clone(), lent: Some(lent) }), is_fixed: false })
    }

    pub(crate) fn map(&self) -> &HeaderMap {
        &self.all.map
    }

    /// For the message that they are to belong to.
    pub(super) fn into_map(self) -> Arc<Map> {
        self.all
    }

    pub(crate) fn append(&mut self, name: &str, value: &[u8]) -> Result<(), FieldFault> {
        let name = checked(name)?;
        let value = HeaderValue::from_maybe_shared(Bytes::copy_from_slice(value)).map_err(|_| FieldFault::Syntax)?;
        let (map, lent) = self.own()?;
        if map.len() >= MAX_ENTRIES || name.as_str().len() + value.len() + bytes(map) > MAX_BYTES {
            let what = format!("fields of more than {MAX_ENTRIES} entries or {MAX_BYTES} bytes");
            return Err(FieldFault::Stop(Stop::Trap(what)));
        }
        lent.grow(size((&name, &value))).map_err(FieldFault::Stop)?;
        map.try_append(name, value).map_err(|_| FieldFault::Syntax)?;
        Ok(())
    }

    pub(crate) fn set(&mut self, name: &str, values: &[Vec<u8>]) -> Result<(), FieldFault> {
        if values.iter().any(|value| HeaderValue::from_bytes(value).is_err()) {
            return Err(FieldFault::Syntax);
        }
        self.delete(name)?;
        values.iter().try_for_each(|value| self.append(name, value))
    }

    pub(crate) fn delete(&mut self, name: &str) -> Result<(), FieldFault> {
        let name = checked(name)?;
        let (map, lent) = self.own()?;
        if !map.contains_key(&name) {
            return Ok(());
        }
        // A map from which something is removed keeps the room for it.
        let mut rest = HeaderMap::new();
        let kept = map.iter().filter(|(known, _)| *known != name);
        kept.for_each(|(name, value)| drop(rest.try_append(name.clone(), value.clone())));
        lent.shrink(map.get_all(&name).iter().map(|value| size((&name, value))).sum());
        *map = rest;
        Ok(())
    }

    /// What the guest may change.
    fn own(&mut self) -> Result<(&mut HeaderMap, &mut Lent), FieldFault> {
        let own = Arc::get_mut(&mut self.all).filter(|_| !self.is_fixed);
        let (map, lent) = own.map(|own| (&mut own.map, own.lent.as_mut())).ok_or(FieldFault::Immutable)?;
        lent.map(|lent| (map, lent)).ok_or(FieldFault::Immutable)
    }
}

/// Whether a guest has no business with a field, of requests that come in either.
pub(crate) fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.iter().any(|forbidden| forbidden.eq_ignore_ascii_case(name))
}

/// Bytes of names and values.
pub(super) fn bytes(map: &HeaderMap) -> usize {
    map.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

fn checked(name: &str) -> Result<HeaderName, FieldFault> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| FieldFault::Syntax)?;
    if is_forbidden(name.as_str()) { Err(FieldFault::Forbidden) } else { Ok(name) }
}

fn size((name, value): (&HeaderName, &HeaderValue)) -> u64 {
    (name.as_str().len() + value.len() + OVERHEAD) as u64
}
