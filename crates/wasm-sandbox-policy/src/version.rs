//! Versions of guests.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{plain::Plain, units::TextVisitor};

/// A version as semver.org describes them: `1.2.3`, or `1.2.3-beta.1+linux`. An earlier one is less than a later one.
///
/// ```
/// use wasm_sandbox_policy::Version;
///
/// let version: Version = "1.10.0".parse()?;
/// assert!(version > "1.9.0".parse()? && version > "1.10.0-beta.1".parse()?);
/// assert_eq!(version.to_string(), "1.10.0");
/// assert!("1.10".parse::<Version>().is_err());
/// # Ok::<(), wasm_sandbox_policy::VersionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(semver::Version);

/// Why a text is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no version such as `1.2.3`: {reason}")]
pub struct VersionError {
    text: String,
    reason: String,
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let wrong =
            |error: semver::Error| VersionError { text: Plain::line(text).to_string(), reason: error.to_string() };
        semver::Version::parse(text).map(Self).map_err(wrong)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a version in quotes, such as `\"1.2.3\"`";
        deserializer.deserialize_str(TextVisitor { expected, parse: str::parse })
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a version as semver.org describes them",
            "examples": ["1.2.3", "1.2.3-beta.1"],
        })
    }
}
