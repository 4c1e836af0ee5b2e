//! The functions of a component, as signatures, from the types that WIT gave it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use wasm_sandbox_policy::Plain;
use wasmparser::{
    component_types::{
        ComponentAnyTypeId, ComponentDefinedType, ComponentDefinedTypeId, ComponentEntityType, ComponentFuncTypeId,
        ComponentInstanceTypeId, ComponentItem, ComponentValType, ResourceId,
    },
    names::KebabString,
    types::{Types, TypesRef},
};

use super::{
    super::{Abi, Case, LeftOut, Parameter, Signature, Type},
    docs::Docs,
};

/// Nesting of a type that is accepted at most. A record in a record is four levels of JSON, of which a reader takes 128.
const MAX_DEPTH: usize = 24;

/// Types that all functions together may be described with. What a component names once and uses often is written out as often.
const MAX_TYPES: usize = 200_000;

/// The interface that makes a component a program.
const RUN: &str = "wasi:cli/run@0.2.";

/// The interface that makes it one that answers requests.
const HANDLER: &str = "wasi:http/incoming-handler@0.2.";

/// What a component exports.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Described {
    pub(crate) functions: Vec<Signature>,
    pub(crate) left_out: Vec<LeftOut>,
    /// What it imports of functions that are the caller's to give, and which nobody can.
    pub(crate) imports: Vec<Signature>,
    pub(crate) unknown_imports: Vec<LeftOut>,
    /// The export that runs the program, if it is one: `interface#function`.
    pub(crate) program: Option<String>,
    /// The export that answers HTTP requests, if it has one.
    pub(crate) handler: Option<String>,
}

impl Described {
    /// Describes the exports and imports of these names of a component that was found valid, with what is said of them.
    pub(crate) fn new(
        types: &Types,
        named: &[String],
        exports: &[String],
        imports: &[(String, String)],
        docs: &Docs,
    ) -> Self {
        let mut reader = Reader { types: types.as_ref(), names: Names::default(), left: MAX_TYPES };
        let mut described = Self::default();
        for name in named.iter().chain(imports.iter().map(|(name, _)| name)) {
            if let Some(item) = types.component_item_for_import(name) {
                reader.note(name, item.ty);
            }
        }
        let items = exports.iter().filter_map(|name| Some((name, types.component_item_for_export(name)?.ty)));
        let items: Vec<(&String, ComponentEntityType)> = items.collect();
        items.iter().for_each(|(name, item)| reader.note(name, *item));
        for (name, item) in items {
            match item {
                ComponentEntityType::Func(function) => {
                    described.add(reader.function(name.clone(), short(name), function));
                }
                ComponentEntityType::Instance(instance) if name.starts_with(RUN) => {
                    described.program = described.entry(&mut reader, name, instance, "run", is_run);
                }
                ComponentEntityType::Instance(instance) if name.starts_with(HANDLER) => {
                    described.handler = described.entry(&mut reader, name, instance, "handle", is_handle);
                }
                // Other interfaces of the system's are for whoever serves them, not for callers.
                ComponentEntityType::Instance(_) if name.starts_with("wasi:") => {}
                ComponentEntityType::Instance(instance) => described.add_instance(&mut reader, name, instance),
                _ => {}
            }
        }
        described.settle_names();
        described.document(docs);
        for (name, _) in imports {
            if let Some(item) = types.component_item_for_import(name) {
                described.add_import(&mut reader, name, item.ty);
            }
        }
        described
    }

    /// Whether there is nothing in it to use.
    pub(crate) fn is_empty(&self) -> bool {
        let functions = self.functions.len() + self.left_out.len();
        functions == 0 && self.program.is_none() && self.handler.is_none()
    }

    fn add_import(&mut self, reader: &mut Reader<'_>, name: &str, item: ComponentEntityType) {
        let types = reader.types;
        let functions: Vec<(String, String, ComponentFuncTypeId)> = match item {
            _ if name.starts_with("wasi:") => Vec::new(),
            ComponentEntityType::Func(function) => vec![(name.to_owned(), short(name), function)],
            ComponentEntityType::Instance(instance) => {
                let exports = types.get(instance).into_iter().flat_map(|instance| &instance.exports);
                let function = |(function, item): (&String, &ComponentItem)| match item.ty {
                    ComponentEntityType::Func(id) => Some((format!("{name}#{function}"), short(function), id)),
                    _ => None,
                };
                exports.filter_map(function).collect()
            }
            _ => Vec::new(),
        };
        for (export, name, function) in functions {
            match reader.function(export, name, function) {
                Ok(signature) if signature.has_flag_lists() => {
                    self.unknown_imports.push(LeftOut::new(signature.export, "it passes lists of flags"));
                }
                Ok(signature) if signature.has_handles() => {
                    self.unknown_imports.push(LeftOut::new(signature.export, "it takes or gives resources"));
                }
                Ok(signature) if signature.has_nested_options() => {
                    self.unknown_imports.push(LeftOut::new(signature.export, "it passes options of options"));
                }
                Ok(signature) => self.imports.push(signature),
                Err(left_out) => self.unknown_imports.push(left_out),
            }
        }
    }

    fn add_instance(&mut self, reader: &mut Reader<'_>, interface: &str, instance: ComponentInstanceTypeId) {
        let types = reader.types;
        let Some(instance) = types.get(instance) else { return };
        for (name, item) in &instance.exports {
            if let ComponentEntityType::Func(function) = item.ty {
                self.add(reader.function(format!("{interface}#{name}"), short(name), function));
            }
        }
    }

    /// A function that the system calls, if it is of the type that WASI gives it.
    fn entry(
        &mut self,
        reader: &mut Reader<'_>,
        interface: &str,
        instance: ComponentInstanceTypeId,
        function: &str,
        fits: fn(&Signature) -> bool,
    ) -> Option<String> {
        let export = format!("{interface}#{function}");
        let types = reader.types;
        if let Some(ComponentEntityType::Func(id)) = types.get(instance)?.exports.get(function).map(|item| item.ty)
            && reader.function(export.clone(), function.to_owned(), id).is_ok_and(|signature| fits(&signature))
        {
            return Some(export);
        }
        self.left_out.push(LeftOut::new(export, "it is not there, or of another type than WASI's"));
        None
    }

    fn add(&mut self, function: Result<Signature, LeftOut>) {
        match function {
            Ok(signature) => self.functions.push(signature),
            Err(left_out) => self.left_out.push(left_out),
        }
    }

    fn document(&mut self, docs: &Docs) {
        let said: Vec<_> = docs.of(self.functions.iter().map(|one| one.export.as_str())).collect();
        self.functions.iter_mut().zip(said).for_each(|(function, said)| function.doc = said);
    }

    /// Has functions of the same name in several interfaces be told apart: by the interface's name, or by all of theirs.
    fn settle_names(&mut self) {
        for longer in [within, |signature: &Signature| signature.export.clone()] {
            let mut seen = BTreeMap::<&str, usize>::new();
            self.functions.iter().for_each(|one| *seen.entry(&one.name).or_default() += 1);
            let twice: BTreeSet<String> =
                seen.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name.to_owned()).collect();
            for signature in self.functions.iter_mut().filter(|one| twice.contains(&one.name)) {
                signature.name = longer(signature);
            }
        }
    }
}

fn is_run(signature: &Signature) -> bool {
    signature.params.is_empty() && matches!(signature.result, Some(Type::Result { ok: None, err: None }))
}

fn is_handle(signature: &Signature) -> bool {
    let is_owned = |parameter: &Parameter| matches!(parameter.kind, Type::Handle { owned: true, .. });
    signature.params.len() == 2 && signature.params.iter().all(is_owned) && signature.result.is_none()
}

/// `cart.add` for `acme:shop/cart@1.0.0#add`.
fn within(signature: &Signature) -> String {
    let interface = signature.export.split_once('#').map_or("", |(interface, _)| interface);
    let interface = interface.rsplit('/').next().and_then(|name| name.split('@').next()).unwrap_or_default();
    if interface.is_empty() { signature.name.clone() } else { format!("{interface}.{}", signature.name) }
}

/// What callers say: `counter.increment` for `[method]counter.increment`, `counter.new` for `[constructor]counter`.
fn short(name: &str) -> String {
    match name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some(("constructor", resource)) => format!("{resource}.new"),
        Some((_, name)) => name.to_owned(),
        None => name.to_owned(),
    }
}

#[derive(Default)]
struct Names {
    defined: HashMap<ComponentDefinedTypeId, String>,
    resources: HashMap<ResourceId, String>,
}

struct Reader<'a> {
    types: TypesRef<'a>,
    names: Names,
    /// Types that may still be written out.
    left: usize,
}

/// Why a function cannot be described.
type Why = String;

impl Reader<'_> {
    /// Remembers what types are called.
    fn note(&mut self, name: &str, item: ComponentEntityType) {
        match item {
            ComponentEntityType::Type { referenced, created } => {
                for id in [created, referenced] {
                    match id {
                        ComponentAnyTypeId::Defined(id) => {
                            self.names.defined.entry(id).or_insert_with(|| Plain::line(name).to_string());
                        }
                        ComponentAnyTypeId::Resource(id) => {
                            self.names.resources.entry(id.resource()).or_insert_with(|| name.to_owned());
                        }
                        _ => {}
                    }
                }
            }
            ComponentEntityType::Instance(instance) => {
                let types = self.types;
                let Some(instance) = types.get(instance) else { return };
                for (name, item) in &instance.exports {
                    if let ComponentEntityType::Type { .. } = item.ty {
                        self.note(name, item.ty);
                    }
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, export: String, name: String, function: ComponentFuncTypeId) -> Result<Signature, LeftOut> {
        match self.parts(function) {
            Ok((params, result)) => Ok(Signature { name, export, doc: None, abi: Abi::Component, params, result }),
            Err(why) => Err(LeftOut::new(name, why)),
        }
    }

    fn parts(&mut self, function: ComponentFuncTypeId) -> Result<(Vec<Parameter>, Option<Type>), Why> {
        let types = self.types;
        let function = types.get(function).ok_or("its type is not known")?;
        if function.async_ {
            return Err("it is asynchronous".to_owned());
        }
        let parameters = function.params.iter();
        let parameters = parameters
            .map(|(name, kind)| Ok(Parameter { name: name.as_str().to_owned(), kind: self.value(*kind, 0)? }))
            .collect::<Result<_, Why>>()?;
        let result = function.result.map(|kind| self.value(kind, 0)).transpose()?;
        Ok((parameters, result))
    }

    /// Takes from what may still be written out.
    fn charge(&mut self, parts: usize) -> Result<(), Why> {
        self.left = self.left.checked_sub(parts).ok_or("the types of all functions together are too large")?;
        Ok(())
    }

    /// The names of a type's parts, each of which is a text of its own.
    fn charge_names<'n>(&mut self, names: impl Iterator<Item = &'n KebabString>) -> Result<(), Why> {
        self.charge(names.map(|name| 1 + name.as_str().len() / 16).sum())
    }

    fn value(&mut self, kind: ComponentValType, depth: usize) -> Result<Type, Why> {
        self.charge(1)?;
        if depth > MAX_DEPTH {
            return Err("its types are nested too deep".to_owned());
        }
        match kind {
            ComponentValType::Primitive(kind) => primitive(kind),
            ComponentValType::Type(id) => self.defined(id, depth + 1),
        }
    }

    fn optional(&mut self, kind: Option<ComponentValType>, depth: usize) -> Result<Option<Box<Type>>, Why> {
        kind.map(|kind| self.value(kind, depth).map(Box::new)).transpose()
    }

    fn defined(&mut self, id: ComponentDefinedTypeId, depth: usize) -> Result<Type, Why> {
        let types = self.types;
        let defined = types.get(id).ok_or("one of its types is not known")?;
        let texts = |names: &mut dyn Iterator<Item = &KebabString>| -> Vec<String> {
            names.map(|name| name.as_str().to_owned()).collect()
        };
        Ok(match defined {
            ComponentDefinedType::Primitive(kind) => primitive(*kind)?,
            ComponentDefinedType::Record(record) => {
                self.charge_names(record.fields.keys())?;
                let field = |(name, kind): (&KebabString, &ComponentValType)| {
                    Ok(Parameter { name: name.as_str().to_owned(), kind: self.value(*kind, depth)? })
                };
                let fields = record.fields.iter().map(field).collect::<Result<_, Why>>()?;
                Type::Record { name: self.name(id, "record")?, fields }
            }
            ComponentDefinedType::Variant(variant) => {
                self.charge_names(variant.cases.keys())?;
                let mut cases = Vec::new();
                for (name, case) in &variant.cases {
                    let kind = case.ty.map(|kind| self.value(kind, depth)).transpose()?;
                    cases.push(Case { name: name.as_str().to_owned(), kind });
                }
                Type::Variant { name: self.name(id, "variant")?, cases }
            }
            ComponentDefinedType::List { element, .. } => Type::List(self.value(*element, depth)?.into()),
            ComponentDefinedType::Tuple(tuple) => {
                Type::Tuple(tuple.types.iter().map(|kind| self.value(*kind, depth)).collect::<Result<_, Why>>()?)
            }
            ComponentDefinedType::Flags(flags) => {
                self.charge_names(flags.iter())?;
                Type::Flags { name: self.name(id, "flags")?, flags: texts(&mut flags.iter()) }
            }
            ComponentDefinedType::Enum(cases) => {
                self.charge_names(cases.iter())?;
                Type::Enum { name: self.name(id, "enum")?, cases: texts(&mut cases.iter()) }
            }
            ComponentDefinedType::Option { ty, .. } => Type::Option(self.value(*ty, depth)?.into()),
            ComponentDefinedType::Result { ok, err, .. } => {
                Type::Result { ok: self.optional(*ok, depth)?, err: self.optional(*err, depth)? }
            }
            ComponentDefinedType::Own(resource) => {
                Type::Handle { resource: self.resource(resource.resource()), owned: true }
            }
            ComponentDefinedType::Borrow(resource) => {
                Type::Handle { resource: self.resource(resource.resource()), owned: false }
            }
            _ => return Err("it takes or gives streams, futures or other things that are not supported".to_owned()),
        })
    }

    /// What a type is called; what it is where it has no name. Types are aliases of aliases, each a step.
    fn name(&mut self, id: ComponentDefinedTypeId, kind: &str) -> Result<String, Why> {
        let mut alias = Some(id);
        while let Some(one) = alias {
            if let Some(name) = self.names.defined.get(&one) {
                let name = name.clone();
                self.charge(name.len() / 16)?;
                return Ok(self.names.defined.entry(id).or_insert(name).clone());
            }
            self.charge(1)?;
            alias = self.types.peel_alias(one);
        }
        Ok(self.names.defined.entry(id).or_insert_with(|| kind.to_owned()).clone())
    }

    fn resource(&self, id: ResourceId) -> String {
        self.names.resources.get(&id).map_or_else(|| "resource".to_owned(), |name| Plain::line(name).to_string())
    }
}

fn primitive(kind: wasmparser::PrimitiveValType) -> Result<Type, Why> {
    use wasmparser::PrimitiveValType;
    Ok(match kind {
        PrimitiveValType::Bool => Type::Bool,
        PrimitiveValType::S8 => Type::S8,
        PrimitiveValType::U8 => Type::U8,
        PrimitiveValType::S16 => Type::S16,
        PrimitiveValType::U16 => Type::U16,
        PrimitiveValType::S32 => Type::S32,
        PrimitiveValType::U32 => Type::U32,
        PrimitiveValType::S64 => Type::S64,
        PrimitiveValType::U64 => Type::U64,
        PrimitiveValType::F32 => Type::F32,
        PrimitiveValType::F64 => Type::F64,
        PrimitiveValType::Char => Type::Char,
        PrimitiveValType::String => Type::String,
        PrimitiveValType::ErrorContext => return Err("it takes or gives an error context".to_owned()),
    })
}
