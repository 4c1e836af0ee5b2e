//! What the WIT of a component says of its functions, in the custom section `package-docs`, if whoever made the component has kept
//! it there.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// Bytes of the section that are read, and of all that functions together are given of it.
const MAX_BYTES: usize = 1 << 20;

/// The first byte of the section, in each of the forms that there have been.
const VERSIONS: [u8; 2] = [0, 1];

type Named<T> = BTreeMap<String, T>;

/// What is said of a package's functions: of those by themselves, and of those of interfaces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Docs {
    functions: Named<Said>,
    /// Those of the package.
    interfaces: Named<Interface>,
    /// Those that a world has of its own.
    inline: Named<Interface>,
}

/// The section. Everything else that it says is left alone.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Package {
    worlds: Named<World>,
    interfaces: Named<Interface>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct World {
    /// Of imports, and of exports unless an import has the same name.
    funcs: Named<Said>,
    func_exports: Named<Said>,
    interfaces: Named<Interface>,
    interface_exports: Named<Interface>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Interface {
    funcs: Named<Said>,
}

/// What is said of one function: a text in the first form, and beside other things in the second.
#[derive(Clone, Debug, Default)]
struct Said(Option<String>);

impl Docs {
    pub(crate) const SECTION: &str = "package-docs";

    /// Reads a section. One that is none says nothing: that is no reason to refuse what it is about.
    pub(crate) fn read(section: &[u8]) -> Self {
        let package: Package = match section.split_first() {
            Some((version, text)) if VERSIONS.contains(version) && text.len() <= MAX_BYTES => {
                serde_json::from_slice(text).unwrap_or_default()
            }
            _ => Package::default(),
        };
        let mut docs = Self { interfaces: package.interfaces, ..Self::default() };
        for world in package.worlds.into_values() {
            add(&mut docs.functions, world.func_exports);
            add(&mut docs.functions, world.funcs);
            add(&mut docs.inline, world.interface_exports);
            add(&mut docs.inline, world.interfaces);
        }
        docs
    }

    /// What is said of the functions behind exports such as `next` or `acme:shop/cart@1.0.0#add`.
    pub(super) fn of<'a>(&'a self, exports: impl Iterator<Item = &'a str>) -> impl Iterator<Item = Option<String>> {
        let mut left = MAX_BYTES;
        exports.map(move |export| {
            let said = self.function(export)?;
            // Many functions may share what is said of one.
            left = left.checked_sub(said.len())?;
            Some(said.to_owned())
        })
    }

    fn function(&self, export: &str) -> Option<&str> {
        let said = match export.split_once('#') {
            Some((interface, name)) => self.interface(interface)?.funcs.get(name),
            None => self.functions.get(export),
        };
        said?.0.as_deref()
    }

    fn interface(&self, name: &str) -> Option<&Interface> {
        match name.split_once('/') {
            Some((_, name)) => self.interfaces.get(name.split('@').next()?),
            None => self.inline.get(name),
        }
    }
}

/// Adds what is not there yet.
fn add<T>(to: &mut Named<T>, more: Named<T>) {
    for (name, one) in more {
        to.entry(name).or_insert(one);
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SaidVisitor)
    }
}

/// Keeps the text and nothing else, whatever else there is.
struct SaidVisitor;

impl<'de> Visitor<'de> for SaidVisitor {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what is said of a function")
    }

    fn visit_str<E>(self, text: &str) -> Result<Said, E> {
        Ok(Said(Some(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said, A::Error> {
        let mut said = Said::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "docs" => said = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(said)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Said, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Said::default())
    }

    fn visit_unit<E>(self) -> Result<Said, E> {
        Ok(Said::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Said, E> {
        Ok(Said::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Said, E> {
        Ok(Said::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Said, E> {
        Ok(Said::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Said, E> {
        Ok(Said::default())
    }
}
