//! Byte sizes and durations with human units: `64.mb()`, `"64MB"`, `30.seconds()`, `"30s"`.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::plain::Plain;

/// A number of bytes. In text it is a number with a unit (`"64MB"`); units are powers of 1024, so `1KB`, `1K` and `1KiB`
/// are all 1,024 bytes, and a number alone is bytes.
///
/// ```
/// use wasm_sandbox_policy::{ByteSize, ByteUnits};
///
/// let size: ByteSize = "64MB".parse()?;
/// assert_eq!(size, 64.mb());
/// assert_eq!((size.as_u64(), size.to_string()), (67_108_864, "64MB".to_owned()));
/// # Ok::<(), wasm_sandbox_policy::UnitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// A size of `bytes` bytes.
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A size of `kib` times 1,024 bytes, at most [`u64::MAX`].
    pub const fn kib(kib: u64) -> Self {
        Self(kib.saturating_mul(1 << 10))
    }

    /// A size of `mib` times 1,048,576 bytes, at most [`u64::MAX`].
    pub const fn mib(mib: u64) -> Self {
        Self(mib.saturating_mul(1 << 20))
    }

    /// A size of `gib` times 1,073,741,824 bytes, at most [`u64::MAX`].
    pub const fn gib(gib: u64) -> Self {
        Self(gib.saturating_mul(1 << 30))
    }

    /// The size in bytes.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The size in bytes as this machine's `usize`, at most [`usize::MAX`].
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for ByteSize {
    /// The largest unit that divides the size exactly, so that the text parses back to the same size.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0 => (1, "B"),
            n if n % (1 << 30) == 0 => (1 << 30, "GB"),
            n if n % (1 << 20) == 0 => (1 << 20, "MB"),
            n if n % (1 << 10) == 0 => (1 << 10, "KB"),
            _ => (1, "B"),
        };
        write!(f, "{}{name}", self.0 / unit)
    }
}

/// Text that is not a size or a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a {expected}", Plain::line(text))]
pub struct UnitError {
    text: String,
    expected: &'static str,
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        parse_size::Config::new().with_binary().parse_size(text).map(Self).map_err(|_| UnitError {
            text: text.to_owned(),
            expected: "size; write a number and a unit, such as `64MB` or `512KB`",
        })
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a number and a unit in quotes, such as `\"64MB\"`";
        deserializer.deserialize_str(TextVisitor { expected, parse: str::parse })
    }
}

/// Reads a type from its text, and says how that is written when it is no text.
pub(crate) struct TextVisitor<T, E> {
    pub(crate) expected: &'static str,
    pub(crate) parse: fn(&str) -> Result<T, E>,
}

impl<T, E: fmt::Display> de::Visitor<'_> for TextVisitor<T, E> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<F: de::Error>(self, text: &str) -> Result<T, F> {
        (self.parse)(text).map_err(F::custom)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a number and a unit, in powers of 1024: `512KB`, `64MB`, `2GB`",
            "examples": ["64MB"],
        })
    }
}

/// Byte sizes written as `64.mb()`.
pub trait ByteUnits {
    /// This many bytes.
    fn bytes(self) -> ByteSize;
    /// This many times 1,024 bytes.
    fn kb(self) -> ByteSize;
    /// This many times 1,048,576 bytes.
    fn mb(self) -> ByteSize;
    /// This many times 1,073,741,824 bytes.
    fn gb(self) -> ByteSize;
}

/// Durations written as `30.seconds()`.
pub trait TimeUnits {
    /// This many milliseconds.
    fn millis(self) -> Duration;
    /// This many seconds.
    fn seconds(self) -> Duration;
    /// This many minutes.
    fn minutes(self) -> Duration;
}

macro_rules! units_of_integers {
    ($($integer:ty),*) => {$(
        /// A negative number counts as zero.
        impl ByteUnits for $integer {
            fn bytes(self) -> ByteSize {
                ByteSize::bytes(u64::try_from(self).unwrap_or(0))
            }
            fn kb(self) -> ByteSize {
                ByteSize::kib(u64::try_from(self).unwrap_or(0))
            }
            fn mb(self) -> ByteSize {
                ByteSize::mib(u64::try_from(self).unwrap_or(0))
            }
            fn gb(self) -> ByteSize {
                ByteSize::gib(u64::try_from(self).unwrap_or(0))
            }
        }

        /// A negative number counts as zero.
        impl TimeUnits for $integer {
            fn millis(self) -> Duration {
                Duration::from_millis(u64::try_from(self).unwrap_or(0))
            }
            fn seconds(self) -> Duration {
                Duration::from_secs(u64::try_from(self).unwrap_or(0))
            }
            fn minutes(self) -> Duration {
                Duration::from_secs(u64::try_from(self).unwrap_or(0).saturating_mul(60))
            }
        }
    )*};
}

units_of_integers!(i32, u32, i64, u64, usize);

/// `#[serde(with = "duration_text")]`: a duration as `"30s"`, `"1m 30s"`, `"250ms"`.
pub(crate) mod duration_text {
    use super::{Deserializer, Duration, Serializer, TextVisitor, parse_duration};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(*duration))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let expected = "a number and a unit in quotes, such as `\"30s\"`";
        deserializer.deserialize_str(TextVisitor { expected, parse: parse_duration })
    }
}

/// Reads a duration with units: `30s`, `250ms`, `1m 30s`. A number alone is none.
///
/// ```
/// use wasm_sandbox_policy::{TimeUnits, parse_duration};
///
/// assert_eq!(parse_duration("1m 30s")?, 90.seconds());
/// assert!(parse_duration("90").is_err());
/// # Ok::<(), wasm_sandbox_policy::UnitError>(())
/// ```
///
/// # Errors
/// The text is not a number with a unit of time.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    humantime::parse_duration(text).map_err(|_| UnitError {
        text: text.to_owned(),
        expected: "duration; write a number and a unit, such as `30s` or `250ms`",
    })
}
