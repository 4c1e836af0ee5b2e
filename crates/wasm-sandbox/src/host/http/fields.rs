//! Header fields as guests build and read them.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::host::{Stop, wasi2::Lent};

/// What a field takes on the host beside its text.
const OVERHEAD: usize = 64;

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

/// Fields that a guest holds.
pub(crate) struct Fields {
    map: Arc<HeaderMap>,
    /// What of the guest's memory they take, while they are the guest's to change.
    lent: Option<Lent>,
}

impl Fields {
    /// That the guest may change.
    pub(crate) fn new(lent: Lent) -> Self {
        Self { map: Arc::default(), lent: Some(lent) }
    }

    /// That belong to a message.
    pub(crate) fn fixed(map: Arc<HeaderMap>) -> Self {
        Self { map, lent: None }
    }

    /// A copy that can be changed.
    pub(crate) fn copy(&self, mut lent: Lent) -> Result<Self, Stop> {
        let size = self.map.iter().map(|(name, value)| size(name.as_str(), value.as_bytes())).sum();
        lent.grow(size)?;
        Ok(Self { map: Arc::clone(&self.map), lent: Some(lent) })
    }

    /// For the message that they are to belong to, with what they take.
    pub(super) fn into_parts(self) -> (Arc<HeaderMap>, Option<Lent>) {
        (self.map, self.lent)
    }

    pub(crate) fn map(&self) -> &Arc<HeaderMap> {
        &self.map
    }

    pub(crate) fn append(&mut self, name: &str, value: &[u8]) -> Result<(), FieldFault> {
        let (name, value) = (checked(name)?, self.value(value)?);
        let lent = self.lent.as_mut().ok_or(FieldFault::Immutable)?;
        lent.grow(size(name.as_str(), value.as_bytes())).map_err(FieldFault::Stop)?;
        Arc::make_mut(&mut self.map).try_append(name, value).map_err(|_| FieldFault::Syntax)?;
        Ok(())
    }

    pub(crate) fn set(&mut self, name: &str, values: &[Vec<u8>]) -> Result<(), FieldFault> {
        let values: Vec<HeaderValue> = values.iter().map(|value| self.value(value)).collect::<Result<_, _>>()?;
        self.delete(name)?;
        values.iter().try_for_each(|value| self.append(name, value.as_bytes()))
    }

    pub(crate) fn delete(&mut self, name: &str) -> Result<(), FieldFault> {
        let name = checked(name)?;
        let lent = self.lent.as_mut().ok_or(FieldFault::Immutable)?;
        let held = self.map.get_all(&name).iter().map(|value| size(name.as_str(), value.as_bytes())).sum();
        if held > 0 {
            lent.shrink(held);
            Arc::make_mut(&mut self.map).remove(name);
        }
        Ok(())
    }

    /// A value's text: no line breaks, no NUL.
    fn value(&self, value: &[u8]) -> Result<HeaderValue, FieldFault> {
        if self.lent.is_none() {
            return Err(FieldFault::Immutable);
        }
        HeaderValue::from_maybe_shared(Bytes::copy_from_slice(value)).map_err(|_| FieldFault::Syntax)
    }
}

/// Whether a guest has no business with a field, of requests that come in either.
pub(crate) fn is_forbidden(name: &HeaderName) -> bool {
    FORBIDDEN.contains(&name.as_str())
}

fn checked(name: &str) -> Result<HeaderName, FieldFault> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| FieldFault::Syntax)?;
    if is_forbidden(&name) { Err(FieldFault::Forbidden) } else { Ok(name) }
}

fn size(name: &str, value: &[u8]) -> u64 {
    (name.len() + value.len() + OVERHEAD) as u64
}
