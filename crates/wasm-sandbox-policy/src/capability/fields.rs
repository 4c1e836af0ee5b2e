//! Reading what serde's own derives read too leniently, or with errors that do not say where.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{Deserialize, Deserializer, de};

use super::{GuestPath, MountAccess, MountConfig};
use crate::plain::Plain;

impl<'de> Deserialize<'de> for MountConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Fields::deserialize(deserializer)?.mount().map_err(de::Error::custom)
    }
}

/// The fields of all kinds of mounts. A derived reader of the enum would first read a mount as a whole and then no longer
/// know which of its fields a mistake is in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    kind: Option<Kind>,
    guest: Option<GuestPath>,
    host: Option<PathBuf>,
    archive: Option<PathBuf>,
    access: Option<MountAccess>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Host,
    Memory,
    Overlay,
    Zip,
}

impl Fields {
    fn mount(self) -> Result<MountConfig, String> {
        let Self { kind, guest, host, archive, access } = self;
        let kind = kind.ok_or("`kind` is missing: `host`, `memory`, `overlay` or `zip`")?;
        let guest = guest.ok_or("`guest` is missing: where the guest sees the tree")?;
        match kind {
            Kind::Host => {
                none(&archive, "archive", "host")?;
                let access = access.unwrap_or_default();
                Ok(MountConfig::Host { guest, host: directory(host)?, access })
            }
            Kind::Overlay => {
                none(&archive, "archive", "overlay")?;
                none(&access, "access", "overlay")?;
                Ok(MountConfig::Overlay { guest, host: directory(host)? })
            }
            Kind::Memory => {
                none(&host, "host", "memory")?;
                none(&archive, "archive", "memory")?;
                none(&access, "access", "memory")?;
                Ok(MountConfig::Memory { guest })
            }
            Kind::Zip => {
                none(&host, "host", "zip")?;
                none(&access, "access", "zip")?;
                let archive = archive.ok_or("`archive` is missing: the zip file on the host")?;
                Ok(MountConfig::Zip { guest, archive })
            }
        }
    }
}

fn directory(host: Option<PathBuf>) -> Result<PathBuf, String> {
    host.ok_or_else(|| "`host` is missing: the directory on the host".to_owned())
}

fn none<T>(field: &Option<T>, name: &str, kind: &str) -> Result<(), String> {
    if field.is_some() { Err(format!("a mount of the kind `{kind}` has no `{name}`")) } else { Ok(()) }
}

/// A map in which no key comes twice: of two values, nobody could say which one was meant.
pub(super) fn unique<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    deserializer.deserialize_map(UniqueVisitor)
}

struct UniqueVisitor;

impl<'de> de::Visitor<'de> for UniqueVisitor {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of names and values")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((name, value)) = entries.next_entry::<String, String>()? {
            if map.contains_key(&name) {
                return Err(de::Error::custom(format_args!("`{}` is set twice", Plain::line(&name))));
            }
            map.insert(name, value);
        }
        Ok(map)
    }
}
